/**
 * Which tier runs: `npm test` takes a few rounds of what `npm run test:all` does in full.
 *
 * test:all makes the short tier first and then again only the files that import this module. Give the long tests of a large
 * file a file of their own, and few tests run twice. What takes minutes belongs in test/soak (`npm run soak`).
 */

/** True under `npm run test:all`. Long groups say `describe.runIf(everything)`. */
export const everything = process.env.NBSERVER_TEST_ALL === '1';

/** How many rounds a test of random moments or models makes in this tier. */
export function rounds(few: number, all: number): number {
  return everything ? all : few;
}
