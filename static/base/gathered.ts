/** Work that many changes ask for, done once for all that come together. */

/** Changes of a program that writes many files come within so much. ms */
const GATHER = 200;
/** So many times as long as the work took, nothing is done after it. */
const REST = 3;

/**
 * Calls `act` soon after it is asked for: never twice at a time, and not for more than a quarter of the time, however
 * often it is asked. What is asked while it runs is done after it.
 */
export function gathered(act: () => Promise<void>): () => void {
  let state: 'idle' | 'waiting' | 'running' = 'idle';
  let isAskedAgain = false;
  let notBefore = 0;
  const run = async (): Promise<void> => {
    state = 'running';
    isAskedAgain = false;
    const started = performance.now();
    try {
      await act();
    } finally {
      const now = performance.now();
      notBefore = now + REST * (now - started);
      state = 'idle';
      if (isAskedAgain) ask();
    }
  };
  const ask = (): void => {
    if (state === 'running') isAskedAgain = true;
    if (state !== 'idle') return;
    state = 'waiting';
    const pause = Math.max(GATHER, notBefore - performance.now());
    setTimeout(() => void run().catch(() => undefined), pause); // whoever acts shows what goes wrong
  };
  return ask;
}
