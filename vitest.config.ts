/** Groups: pure code (unit), a real server with real kernels (api), a real browser (browser), and what takes minutes (soak). */
import { defineConfig } from 'vitest/config';
import { everything } from './test/tier.js';

/**
 * Real processes and a real browser on a machine that others use, too: in CI a test may try once more. The report names
 * each that needed it, and at a desk none gets a second chance.
 */
const retry = process.env.CI === 'true' ? 1 : 0;

/**
 * Tests wait for what is to happen and never measure how long it takes: these only end what hangs, on a busy machine too.
 * A test of test:all makes ten times as many rounds.
 */
const patience = everything ? 15 * 60_000 : 120_000;
const expect = { poll: { timeout: 30_000 } };

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
          testTimeout: everything ? patience : 60_000,
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
          hookTimeout: 60_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
