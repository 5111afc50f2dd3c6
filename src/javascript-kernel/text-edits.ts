/** Replaces ranges of a source text without moving its lines. */

export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Applies edits that do not overlap; a replacement that is short of line ends gets them, so that lines stay where they are. */
export function applyEdits(source: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, text } of [...edits].sort((a, b) => a.start - b.start)) {
    const missing = lineEnds(source.slice(start, end)) - lineEnds(text);
    result += source.slice(at, start) + text + '\n'.repeat(Math.max(0, missing));
    at = end;
  }
  return result + source.slice(at);
}

function lineEnds(text: string): number {
  return text.split('\n').length - 1;
}
