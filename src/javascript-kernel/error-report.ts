/** Makes an error readable in a notebook: the user's line with a caret, and a stack of what is theirs. */
import { inspect, stripVTControlCharacters } from 'node:util';
import type { ErrorContent } from '../protocol/kernel-messages.js';
import { CellSyntaxError } from './prepare-cell.js';

const red = (text: string) => `\x1b[31m${text}\x1b[39m`;
const bold = (text: string) => `\x1b[1m${text}\x1b[22m`;
const grey = (text: string) => `\x1b[90m${text}\x1b[39m`;

/** Frames that say nothing about the user's code. */
const foreignFrame = /^\s+at .*(\bnode:[^)]*\)?|<anonymous>\)?)( \{)?$/;
const cellPosition = /\bCell In\[([\d*]+)\]:(\d+):(\d+)/;

export class ErrorReporter {
  readonly #sources = new Map<string, string>();
  readonly #colors: boolean;

  constructor(colors: boolean) {
    this.#colors = colors;
  }

  /** Keeps the source of `In[label]` for the excerpts of errors in it. */
  remember(label: string, source: string): void {
    this.#sources.set(label, source);
  }

  interrupted(label: string): ErrorContent {
    const evalue = 'The cell was interrupted.';
    return this.#content('Interrupted', evalue, [
      `${red('Interrupted')}: ${evalue}`,
      grey(`    in Cell In[${label}]`),
    ]);
  }

  syntaxError(error: CellSyntaxError, label: string): ErrorContent {
    const excerpt = this.#excerpt(label, error.line, error.column + 1);
    const lines = [...excerpt, '', `${red('SyntaxError')}: ${error.message}`];
    return this.#content('SyntaxError', error.message, lines);
  }

  /** Anything that was thrown. It reads properties of `error`, which may be user code. */
  thrown(error: unknown): ErrorContent {
    if (!isError(error)) {
      const text = inspect(error, { colors: this.#colors });
      const evalue = typeof error === 'string' ? error : stripVTControlCharacters(text);
      return this.#content('Uncaught', evalue, [`${red('Uncaught')} ${text}`]);
    }
    const ename = String(error.name || error.constructor.name || 'Error');
    const evalue = String(error.message);
    const text = inspect(error, { colors: this.#colors, depth: 3 });
    const lines = this.#readable(text.split('\n'));
    const position = cellPosition.exec(String(error.stack));
    const excerpt = position
      ? this.#excerpt(position[1] ?? '', Number(position[2]), Number(position[3]))
      : [];
    return this.#content(ename, evalue, excerpt.length > 0 ? [...excerpt, '', ...lines] : lines);
  }

  /** Takes Node's own frames out and colours the headline. */
  #readable(lines: string[]): string[] {
    const kept: string[] = [];
    for (const line of lines) {
      const bare = stripVTControlCharacters(line);
      if (!foreignFrame.test(bare)) kept.push(line);
      // The brace that opens the error's further properties stands at the end of its last frame.
      else if (bare.endsWith(' {') && kept.length > 0) kept.push(`${kept.pop()} {`);
    }
    const [first = '', ...rest] = kept;
    return [first.replace(/^(\[?)([\w$.]*(?:Error|Exception)\b)/, `$1${red('$2')}`), ...rest];
  }

  /** `Cell In[3]:2:5`, the line and a caret under the place. `line` and `column` count from 1. */
  #excerpt(label: string, line: number, column: number): string[] {
    const text = this.#sources.get(label)?.split('\n')[line - 1]?.trimEnd();
    if (text === undefined) return [];
    const from = Math.max(0, column - 60);
    const shown = text.slice(from, from + 100);
    // Tabs stay tabs, so that the caret stands under its character.
    const indent = shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ');
    return [bold(`Cell In[${label}]:${line}:${column}`), shown, red(`${indent}^`)];
  }

  #content(ename: string, evalue: string, lines: string[]): ErrorContent {
    const traceback = this.#colors ? lines : lines.map(stripVTControlCharacters);
    return { ename, evalue, traceback };
  }
}

function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}
