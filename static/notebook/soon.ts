/** Drawing that many parts of the page ask for at one moment, done in tasks that are short. */
import { nextTask } from '../base/slices.js';

/** Milliseconds of one task that it may take */
const SLICE = 8;

const waiting: (() => void)[] = [];
let working: Promise<void> | undefined;

/** Does it behind what waits already, so much of it in one task as nobody notices. */
export function soon(work: () => void): void {
  waiting.push(work);
  working ??= workOff();
}

/** Resolves when what `soon` was given is done. */
export async function allDone(): Promise<void> {
  await working;
}

async function workOff(): Promise<void> {
  for (let until = 0; waiting.length > 0;) {
    if (performance.now() >= until) {
      await nextTask();
      until = performance.now() + SLICE;
    }
    try {
      waiting.shift()?.();
    } catch (error) {
      reportError(error); // the others have nothing to do with it
    }
  }
  working = undefined;
}
