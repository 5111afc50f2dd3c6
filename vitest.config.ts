/** Groups: pure code (unit), a real server with real kernels (api), a real browser (browser), and what takes minutes (soak). */
import { defineConfig } from 'vitest/config';
import { PATIENCE } from './test/patience.js';
import { everything } from './test/tier.js';

/**
 * Real processes and a real browser on a machine that others use, too: in CI a test may try once more. The report names
 * each that needed it, and at a desk none gets a second chance.
 */
const retry = process.env.CI === 'true' ? 1 : 0;

/** For a whole test (see test/patience.ts for one thing that it waits for); one of test:all makes ten times as many rounds. */
const patience = everything ? 15 * 60_000 : 300_000;
const expect = { poll: { timeout: PATIENCE } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup: './test/unit-setup.ts',
          include: ['test/unit/**/*.test.{ts,tsx}'],
          // A process of its own for each of the many small files would take longer than what they test. Files that change
          // modules or globals take fresh modules and put things back.
          isolate: false,
          testTimeout: everything ? patience : 120_000,
          hookTimeout: patience,
          expect,
        },
      },
      {
        test: {
          name: 'api',
          include: ['test/api/**/*.test.ts'],
          globalSetup: './test/build-first.ts',
          testTimeout: patience,
          retry,
          hookTimeout: patience,
          expect,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: './test/build-first.ts',
          testTimeout: 2 * patience,
          retry,
          hookTimeout: patience,
          expect,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          globalSetup: './test/build-first.ts',
          testTimeout: 30 * 60_000,
          hookTimeout: patience,
          expect,
          maxWorkers: 1,
        },
      },
    ],
  },
});
