import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { fileProblem } from '../../../src/commands/file-problem.js';

const folder = mkdtempSync(join(tmpdir(), 'nbserver-problem-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function thrownBy(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

it('says what the file system refused, and leaves our own mistakes alone', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const inside = join(file, 'inside');
  expect(fileProblem(thrownBy(() => mkdirSync(inside)))).toBe(
    `${inside} cannot be used: a part of the path is no directory (ENOTDIR from mkdir).`,
  );
  expect(fileProblem(thrownBy(() => writeFileSync(folder, '')))).toContain('it is a directory');
  expect(fileProblem(new TypeError('ours'))).toBeUndefined();
  expect(fileProblem('text')).toBeUndefined();
});
