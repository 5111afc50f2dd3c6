/** Turns the source of a cell into what V8 can evaluate at its top level: plain JavaScript without import declarations. */
import { parse, type Program } from 'acorn';
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

/**
 * @param code   as the user typed it
 * @param bound  how earlier cells bound the names that this one declares
 * @returns code with the same lines; columns move only on lines with types or imports
 * @throws {CellSyntaxError}
 */
export function prepareCell(code: string, bound: BoundNames): string {
  const { program, source } = parseCell(code);
  return applyEdits(source, [...rewriteModules(program, source), ...rewriteDeclarations(program, bound)]);
}

/** Parses JavaScript, or what is left of TypeScript without its types. */
export function parseCell(code: string): { program: Program; source: string } {
  let plain: CellSyntaxError;
  try {
    return { program: parseScript(code), source: code };
  } catch (error) {
    plain = syntaxError(error, code);
  }
  try {
    const source = stripTypes(code);
    return { program: parseScript(source), source };
  } catch (error) {
    const typed = syntaxError(error, code);
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

/** From acorn's and sucrase's errors: both carry `pos` and `loc` and put the position at the end of the message. */
function syntaxError(error: unknown, code: string): CellSyntaxError {
  if (!(error instanceof Error)) throw error;
  const { pos, loc } = error as { pos?: unknown; loc?: unknown };
  const { line, column } = (loc ?? {}) as { line?: unknown; column?: unknown };
  const message = error.message.replace(/^Error transforming[^:]*: /, '').replace(/ \(\d+:\d+\)$/, '');
  const open = /^Unterminated (template|comment|regular)/.test(message);
  const atEnd = typeof pos === 'number' && code.slice(pos).trim() === '';
  return new CellSyntaxError(
    atEnd && message === 'Unexpected token' ? 'Unexpected end of input' : message,
    typeof line === 'number' ? line : 1,
    typeof column === 'number' ? column : 0,
    open || atEnd,
  );
}
