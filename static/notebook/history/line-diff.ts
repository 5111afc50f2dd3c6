/** What differs between two texts, line by line, with a little of what stands around it. */
import { diffIndices } from 'node-diff3';

export interface DiffLine {
  /** `then`: only in the old text, `now`: only in the new one; `gap`: equal lines that are left out */
  kind: 'same' | 'then' | 'now' | 'gap';
  text: string;
}

const AROUND = 2;
/** Above this many lines times lines, finding what is common takes too long. */
const MOST_WORK = 4_000_000;

/** @param before  null: there was no text; all lines of `after` are new. The same for `after`. */
export function lineDiff(before: string | null, after: string | null): DiffLine[] {
  const old = before === null ? [] : before.split('\n');
  const next = after === null ? [] : after.split('\n');
  if (old.length * next.length > MOST_WORK) {
    return [...old.map((text) => line('then', text)), ...next.map((text) => line('now', text))];
  }
  const lines: DiffLine[] = [];
  let at = 0;
  for (const { buffer1, buffer2 } of diffIndices(old, next)) {
    const [from, length] = buffer1;
    lines.push(...between(old.slice(at, from), at > 0, true));
    for (const text of old.slice(from, from + length)) lines.push(line('then', text));
    for (const text of next.slice(buffer2[0], buffer2[0] + buffer2[1])) lines.push(line('now', text));
    at = from + length;
  }
  lines.push(...between(old.slice(at), at > 0, false));
  return lines;
}

/** Equal lines: those beside a change, and how many others there are. */
function between(lines: string[], afterChange: boolean, beforeChange: boolean): DiffLine[] {
  const head = afterChange ? AROUND : 0;
  const tail = beforeChange ? AROUND : 0;
  const left = lines.length - head - tail;
  if (left < 2) return lines.map((text) => line('same', text));
  const gap = line('gap', `${left} equal lines`);
  const end = tail === 0 ? [] : lines.slice(-tail);
  return [
    ...lines.slice(0, head).map((text) => line('same', text)),
    gap,
    ...end.map((text) => line('same', text)),
  ];
}

function line(kind: DiffLine['kind'], text: string): DiffLine {
  return { kind, text };
}
