/** Long work in pieces, so that no other request waits for it. */

/** How long a turn may be, in milliseconds. */
const TURN = 10;

/** Runs something that pauses (`yield`) to its end, and lets others have their turn when it takes long. */
export async function inSteps<T>(steps: Generator<void, T>): Promise<T> {
  let since = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - since < TURN) continue;
    await new Promise((done) => setImmediate(done));
    since = performance.now();
  }
}
