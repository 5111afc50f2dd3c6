import { expect, it } from 'vitest';
import { closeAll } from '../../../src/server/close-all.js';

it('one part that does not close keeps no other open, and is told', async () => {
  const closed: string[] = [];
  const lines: string[] = [];
  const part = (name: string, problem?: string) => ({
    close() {
      closed.push(name);
      return problem === undefined ? undefined : Promise.reject(new Error(problem));
    },
  });
  const parts = [part('store'), part('kernels', 'no kernel answers'), part('documents', 'the disk is gone')];
  const closing = closeAll(parts, { error: (line) => lines.push(line) });
  await expect(closing).rejects.toThrow('the disk is gone');
  expect(closed).toEqual(['documents', 'kernels', 'store']);
  expect(lines).toEqual([
    'A part of the server did not close: the disk is gone',
    'A part of the server did not close: no kernel answers',
  ]);
  expect(parts).toEqual([]);
});
