/** Which tier runs: `npm test` takes a few rounds of what `npm run test:all` does in full. */

/** True under `npm run test:all`. Long groups say `describe.runIf(everything)`. */
export const everything = process.env.NBSERVER_TEST_ALL === '1';

/** How many rounds a test of random moments or models makes in this tier. */
export function rounds(few: number, all: number): number {
  return everything ? all : few;
}
