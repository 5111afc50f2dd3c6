/**
 * What a terminal shows of text with carriage returns and backspaces: progress bars print megabytes of which one line is
 * left. Escape sequences stay in front of the character that they came with.
 */
/** Characters with `\r` and backspaces that are kept as they came; then only what a terminal would show stays. */
export const MOST_RAW = 64_000;

const OVERWRITES = /\r(?!\n)|[\b]/;
const PART = /\u001b\[[0-9:;<=>?]*[ -/]*[@-~]|[\s\S]/gu;

/** Whether anything in it goes back over what was printed. */
export function overwrites(text: string): boolean {
  return OVERWRITES.test(text);
}

export function withoutOverwritten(text: string): string {
  if (!overwrites(text)) return text;
  return text
    .split('\n')
    .map((line) => (overwrites(`${line}\n`) ? shownOf(line) : line))
    .join('\n');
}

function shownOf(line: string): string {
  let columns: string[] = [];
  let column = 0;
  let escapes = '';
  const end = line.endsWith('\r') ? '\r' : '';
  for (const [part] of line.slice(0, line.length - end.length).matchAll(PART)) {
    if (part === '\r') column = 0;
    else if (part === '\b') column = Math.max(0, column - 1);
    else if (/^\u001b\[[012]?K$/.test(part)) columns = erased(columns, column, part);
    else if (part.length > 2 && part.startsWith('\u001b')) escapes += part;
    else {
      columns[column] = escapes + part;
      column += 1;
      escapes = '';
    }
  }
  // A line that ends in `\r` is printed over by what comes next.
  return columns.join('') + escapes + end;
}

/** Erase in line (ECMA-48, 8.3.41): 0 from the cursor on, 1 up to the cursor, 2 all. */
function erased(columns: readonly string[], column: number, sequence: string): string[] {
  const how = sequence.slice(2, -1);
  if (how === '' || how === '0') return columns.slice(0, column);
  return columns.map((each, at) => (how === '2' || at <= column ? ' ' : each));
}
