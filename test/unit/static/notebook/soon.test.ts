/** Work that waits for its turn. */
import { afterEach, expect, it, vi } from 'vitest';
import { nextTask } from '../../../../static/base/slices.js';
import { allDone, soon } from '../../../../static/notebook/soon.js';

afterEach(() => vi.unstubAllGlobals());

it('is done in order, in later tasks, so much of it in one task as others do not notice', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const done: number[] = [];
  for (let i = 0; i < 10; i++) {
    soon(() => {
      done.push(i);
      now += 3; // ms
    });
  }
  expect(done).toEqual([]);
  await nextTask();
  expect(done.length).toBeGreaterThan(0);
  expect(done.length).toBeLessThan(10);
  await allDone();
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  vi.restoreAllMocks();
});

it('goes on behind what fails, and takes what comes meanwhile', async () => {
  const errors: unknown[] = [];
  vi.stubGlobal('reportError', (error: unknown) => errors.push(error));
  const done: string[] = [];
  soon(() => {
    throw new Error('not this one');
  });
  soon(() => soon(() => done.push('inner')));
  await allDone();
  expect(done).toEqual(['inner']);
  expect(errors).toEqual([new Error('not this one')]);
  soon(() => done.push('again'));
  await allDone();
  expect(done).toEqual(['inner', 'again']);
});
