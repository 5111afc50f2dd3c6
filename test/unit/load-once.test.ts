import { expect, it } from 'vitest';
import { loadOnce } from '../../src/load-once.js';

it('loads once, and once more after a failure', async () => {
  const answers = [Promise.reject(new Error('no file is free')), Promise.resolve('it')];
  let loads = 0;
  const get = loadOnce(() => {
    loads++;
    return answers.shift() ?? Promise.reject(new Error('loaded again'));
  });
  const first = await Promise.allSettled([get(), get()]);
  expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect([await get(), await get(), loads]).toEqual(['it', 'it', 2]);
});
