/** Turns the source of a cell into what V8 can evaluate at its top level: plain JavaScript without import declarations. */
import { parse, type Program } from 'acorn';
import { constantAssignment, constantsAfter } from './constants.js';
import { rewriteDeclarations, type BoundNames } from './rewrite-declarations.js';
import { rewriteModules } from './rewrite-modules.js';
import { applyEdits } from './text-edits.js';
import { stripTypes } from './typescript.js';

/** Code that is neither JavaScript nor TypeScript. */
export class CellSyntaxError extends SyntaxError {
  /** from 1 */
  readonly line: number;
  /** from 0 */
  readonly column: number;
  /** The code ends too early: more lines could make it complete. */
  readonly incomplete: boolean;

  constructor(message: string, line: number, column: number, incomplete: boolean) {
    super(message);
    this.name = 'SyntaxError';
    this.line = line;
    this.column = column;
    this.incomplete = incomplete;
  }
}

export interface PreparedCell {
  /** with the same lines; columns move only on lines with types or imports */
  code: string;
  /** names declared with `const` or `import` so far */
  constants: Set<string>;
}

/**
 * @param code       as the user typed it
 * @param bound      how earlier cells bound the names that this one declares
 * @param constants  names that earlier cells declared with `const` or `import`
 * @throws {CellSyntaxError}
 */
export function prepareCell(code: string, bound: BoundNames, constants: ReadonlySet<string>): PreparedCell {
  const { program, source } = parseCell(code);
  const after = constantsAfter(program, constants);
  const wrong = constantAssignment(program, after);
  if (wrong) {
    const message = `Assignment to constant variable: ${wrong.name} was declared with const or import`;
    throw new CellSyntaxError(message, wrong.line, wrong.column, false);
  }
  const edits = [...rewriteModules(program, source), ...rewriteDeclarations(program, bound)];
  return { code: applyEdits(source, edits), constants: after };
}

/** Parses JavaScript, or what is left of TypeScript without its types. */
export function parseCell(code: string): { program: Program; source: string } {
  let plain: CellSyntaxError;
  try {
    return { program: parseScript(code), source: code };
  } catch (error) {
    plain = syntaxError(error, code);
  }
  let source = code;
  try {
    source = stripTypes(code);
    return { program: parseScript(source), source };
  } catch (error) {
    const typed = syntaxError(error, source);
    // The parser that came further understood more of the code; its message is the better one.
    const further = typed.line > plain.line || (typed.line === plain.line && typed.column > plain.column);
    throw further && !plain.incomplete ? typed : plain;
  }
}

function parseScript(code: string): Program {
  return parse(code, {
    ecmaVersion: 'latest',
    sourceType: 'script',
    allowAwaitOutsideFunction: true,
    allowImportExportEverywhere: true,
    allowHashBang: true,
    locations: true,
  });
}

/** From acorn's and sucrase's errors: both carry `pos`, an index into `code`, and put the position at the end of the message. */
function syntaxError(error: unknown, code: string): CellSyntaxError {
  if (!(error instanceof Error)) throw error;
  const { pos } = error as { pos?: unknown };
  const at = typeof pos === 'number' ? pos : 0;
  const lines = code.slice(0, at).split('\n');
  const message = error.message.replace(/^Error transforming[^:]*: /, '').replace(/ \(\d+:\d+\)$/, '');
  const open = /^Unterminated (template|comment)/.test(message);
  const atEnd = typeof pos === 'number' && code.slice(at).trim() === '';
  return new CellSyntaxError(
    atEnd && message === 'Unexpected token' ? 'Unexpected end of input' : message,
    lines.length,
    lines.at(-1)?.length ?? 0,
    open || atEnd,
  );
}
