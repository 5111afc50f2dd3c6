/**
 * What `nbserver/testing` exports: the checks that every store must pass, for the tests of a store of your own.
 *
 *     import { test } from 'node:test';
 *     import { conformance } from 'nbserver/testing';
 *
 *     for (const { name, run } of conformance()) test(name, async () => run(await makeEmptyStore()));
 */
export {
  conformance,
  type ConformanceCheck,
  type ConformanceOptions,
} from './contents/stores/conformance.js';
export { loadNotebookManager, type LoadOptions } from './contents/index.js';
export type { NotebookManager } from './contents/index.js';
