/** Tells a text from what the same person made of it later, so that nobody is asked to choose between the two. */
import type { Text } from '@codemirror/state';

/**
 * Whether what somebody typed in `base`, to make it `earlier`, stands in `later` as a whole, in the same place: `later` is
 * what became of it.
 */
export function continues(base: Text, earlier: Text, later: Text): boolean {
  const [from, typed, now] = [base.toString(), earlier.toString(), later.toString()];
  const most = Math.min(from.length, typed.length);
  let head = 0;
  while (head < most && from[head] === typed[head]) head += 1;
  let tail = 0;
  while (tail < most - head && from[from.length - 1 - tail] === typed[typed.length - 1 - tail]) tail += 1;
  const { length } = typed.slice(head, typed.length - tail);
  if (length === 0 || now.length < head + tail) return false;
  // The same insertion may be seen further in front: `a|ba|b` is `|ab|ab` as well.
  for (; ; head -= 1, tail += 1) {
    const isAround = now.startsWith(from.slice(0, head)) && now.endsWith(from.slice(from.length - tail));
    if (isAround && now.slice(head, now.length - tail).includes(typed.slice(head, head + length)))
      return true;
    if (head === 0 || typed[head - 1] !== typed[head - 1 + length]) return false;
  }
}
