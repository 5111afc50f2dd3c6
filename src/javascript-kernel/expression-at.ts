/** Finds the expression that a cursor stands in or behind, by tokens, so that strings and comments do not confuse it. */
import { tokenizer, tokTypes, type Token } from 'acorn';

export interface ChainAtCursor {
  /** what stands before the last dot, for example `a.b[0]`; undefined: a plain name */
  object: string | undefined;
  /** the name being typed, maybe empty */
  name: string;
  /** UTF-16 index where the name starts */
  start: number;
}

/**
 * Tokens of code that may be unfinished or wrong: a character that cannot be read is skipped, an open string, template,
 * comment or pattern ends the list.
 */
export function readTokens(code: string): Token[] {
  const tokens: Token[] = [];
  for (let from = 0; from < code.length;) {
    const stopped = readFrom(code, from, tokens);
    if (stopped === undefined || /^["'`/]/.test(code.slice(stopped))) break;
    from = stopped + 1;
  }
  return tokens;
}

/** Reads tokens from a position on; answers where it could not go on. */
function readFrom(code: string, from: number, tokens: Token[]): number | undefined {
  // Blanks in place of what was read keep the positions.
  const rest = code.slice(0, from).replace(/[^\n]/g, ' ') + code.slice(from);
  try {
    for (const token of tokenizer(rest, { ecmaVersion: 'latest' })) tokens.push(token);
    return undefined;
  } catch (error) {
    const { pos } = error as { pos?: unknown };
    return typeof pos === 'number' && pos >= from ? pos : undefined;
  }
}

/** The member chain that ends at `cursor` (UTF-16); undefined inside strings, comments and numbers. */
export function chainBefore(code: string, cursor: number): ChainAtCursor | undefined {
  const before = code.slice(0, cursor);
  const tokens = readTokens(before);
  const last = tokens.at(-1);
  const rest = before.slice(last?.end ?? 0);
  if (rest.trim() !== '' && !/^\s*#?$/.test(rest)) return undefined;
  if (last?.type === tokTypes.num || last?.type === tokTypes.string || last?.type === tokTypes.regexp) {
    if (last.end === cursor) return undefined;
  }
  const typing = last !== undefined && isWord(last) && last.end === cursor ? last : undefined;
  const name = typing ? before.slice(typing.start, typing.end) : '';
  const start = typing?.start ?? cursor;
  const dot = tokens.at(typing ? -2 : -1);
  if (!dot || !isDot(dot)) return { object: undefined, name, start };
  const index = tokens.length - (typing ? 3 : 2);
  const from = chainStart(tokens, index);
  if (from === undefined) return undefined;
  return { object: before.slice(from, dot.start), name, start };
}

/** The whole expression around the cursor; with the cursor in `f(…`, that is `f`. */
export function expressionAround(code: string, cursor: number): string | undefined {
  const tokens = readTokens(code);
  let index = tokens.findLastIndex((token) => token.start <= cursor && token.end >= cursor && isWord(token));
  if (index < 0) {
    const open = enclosingCall(tokens.filter((token) => token.end <= cursor));
    index = open === undefined ? -1 : open - 1;
  }
  const token = tokens[index];
  if (!token) return undefined;
  const from = chainStart(tokens, index);
  return from === undefined ? undefined : code.slice(from, token.end);
}

/** Index of the parenthesis of the call that the last of these tokens stands in. */
function enclosingCall(tokens: Token[]): number | undefined {
  let depth = 0;
  for (let i = tokens.length - 1; i > 0; i--) {
    const type = tokens[i]?.type;
    if (type === tokTypes.parenR || type === tokTypes.bracketR || type === tokTypes.braceR) depth++;
    else if (type === tokTypes.parenL || type === tokTypes.bracketL || type === tokTypes.braceL) {
      const callee = tokens[i - 1];
      if (depth === 0 && type === tokTypes.parenL && callee && isWord(callee)) return i;
      if (depth > 0) depth--;
    }
  }
  return undefined;
}

/** Start position of the chain of members and calls whose last token is `tokens[index]`. */
function chainStart(tokens: Token[], index: number): number | undefined {
  let at = index;
  for (;;) {
    const token = tokens[at];
    if (!token) return undefined;
    if (token.type === tokTypes.parenR || token.type === tokTypes.bracketR) {
      const open = matching(tokens, at);
      if (open === undefined) return undefined;
      const before = tokens[open - 1];
      const continues = before && (isWord(before) || isClosing(before)) && !isOperatorWord(before);
      if (!continues) return tokens[open]?.start;
      at = open - 1;
      continue;
    }
    if (!isWord(token) && token.type !== tokTypes.string) return undefined;
    const dot = tokens[at - 1];
    if (dot && isDot(dot)) {
      at -= 2;
      continue;
    }
    const keyword = tokens[at - 1];
    return keyword?.type === tokTypes._new ? keyword.start : token.start;
  }
}

function matching(tokens: Token[], index: number): number | undefined {
  let depth = 0;
  for (let i = index; i >= 0; i--) {
    const type = tokens[i]?.type;
    if (type === tokTypes.parenR || type === tokTypes.bracketR || type === tokTypes.braceR) depth++;
    else if (type === tokTypes.parenL || type === tokTypes.bracketL || type === tokTypes.braceL) depth--;
    if (depth === 0) return i;
  }
  return undefined;
}

/** Names, and keywords that may be names of members (`a.default`) or begin a chain (`this`). */
export function isWord(token: Token): boolean {
  return (
    token.type === tokTypes.name || token.type.keyword !== undefined || token.type === tokTypes.privateId
  );
}

function isOperatorWord(token: Token): boolean {
  return token.type.keyword !== undefined && !['this', 'super', 'import'].includes(token.type.keyword);
}

function isClosing(token: Token): boolean {
  return token.type === tokTypes.parenR || token.type === tokTypes.bracketR;
}

function isDot(token: Token): boolean {
  return token.type === tokTypes.dot || token.type === tokTypes.questionDot;
}
