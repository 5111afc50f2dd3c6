/** A file system that fails: each operation that a save is made of, in its turn. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rounds } from '../../tier.js';

/** Fails the call with that number (from 0) of an operation. */
const failing = { operation: '', call: 0, code: '', failed: 0 };

vi.doMock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const check = (operation: string): void => {
    if (operation !== failing.operation || failing.call-- !== 0) return;
    failing.failed++;
    throw Object.assign(new Error(`${failing.code}: ${operation}`), { code: failing.code });
  };
  const wrapped =
    <A extends unknown[], R>(operation: string, run: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      check(operation);
      return run(...args);
    };
  const handle = (file: FileHandle): FileHandle =>
    new Proxy(file, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
        return ['writeFile', 'write', 'writev', 'sync', 'truncate', 'read'].includes(String(name))
          ? wrapped(`file.${String(name)}`, method)
          : method;
      },
    });
  return {
    ...real,
    open: async (path: string, flags?: string, mode?: number) => {
      check('open');
      return handle(await real.open(path, flags, mode));
    },
    rename: wrapped('rename', real.rename),
    link: wrapped('link', real.link),
    copyFile: wrapped('copyFile', real.copyFile),
  };
});
// Only the store of this file is to meet it.
vi.resetModules();
const { FileNotebookManager } = await import('../../../src/contents/index.js');
afterAll(() => {
  vi.doUnmock('node:fs/promises');
  vi.resetModules();
});

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'nbserver-failing-'))));
afterEach(() => {
  failing.operation = '';
  rmSync(root, { recursive: true, force: true });
});

const old = 'o'.repeat(300_000);
const fresh = 'n'.repeat(400_000);

describe.each(['rename', 'in-place'] as const)('saving by %s', (file_write) => {
  it.each(['EIO', 'EACCES', 'ENOSPC'])(
    'leaves the old file or the new one, whole, whatever fails with %s',
    async (code) => {
      const store = new FileNotebookManager({ notebook_dir: root, file_write });
      let failures = 0;
      for (const operation of [
        'open',
        'file.writeFile',
        'file.write',
        'file.sync',
        'file.truncate',
        'rename',
        'link',
        'copyFile',
      ]) {
        for (let call = 0; call < rounds(2, 4); call++) {
          failing.operation = '';
          await store.write('n.txt', Buffer.from(old));
          Object.assign(failing, { operation, call, code, failed: 0 });
          const error = await store.write('n.txt', Buffer.from(fresh)).then(
            () => undefined,
            (reason: unknown) => reason as Error & { status?: number },
          );
          failing.operation = '';
          failures += failing.failed;
          const there = readFileSync(join(root, 'n.txt'), 'utf8');
          const where = `${operation} ${call}: ${String(error)}`;
          if (error === undefined) expect(there === fresh, where).toBe(true);
          else {
            expect(error.status, where).toBeGreaterThanOrEqual(400);
            expect(error.message.length, where).toBeGreaterThan(15);
            // overwritten in place, a file that could not be finished is brought back when it is opened
            const { body } = await store.read('n.txt');
            const text = Buffer.concat((await body.toArray()) as Buffer[]).toString();
            expect(text === old || text === fresh, `${where}: ${text.length} bytes`).toBe(true);
          }
        }
      }
      expect(failures).toBeGreaterThan(5);
      await store.write('n.txt', Buffer.from('at last'));
      expect(readdirSync(root).filter((name) => name.endsWith('.tmp') || name.startsWith('.~'))).toEqual([]);
    },
  );
});
