/** What a file store must survive: kills at any moment, full disks, a file system that fails, and many writers. */
import { spawn, spawnSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { FileNotebookManager } from '../../../src/contents/index.js';
import { stageBeside } from '../../../src/contents/stores/write-places.js';
import { HttpError } from '../../../src/http-error.js';
import { rounds } from '../../tier.js';

const top = mkdtempSync(join(tmpdir(), 'nbserver-lost-'));
const program = join(top, 'writer.mjs');
let count = 0;

beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, 'killed-writer.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
});
afterAll(() => rmSync(top, { recursive: true, force: true }));
afterEach(() => void vi.useRealTimers());

function newRoot(): string {
  const root = join(top, `r${++count}`);
  mkdirSync(root);
  return root;
}

/** `seq` of a whole file, as the writer makes it: a line with number and length, then that many letters of one kind. */
function seqOf(text: string): number {
  const [, seq = '', length = ''] = /^(\d+) (\d+)\n/.exec(text) ?? [];
  const letters = text.slice(text.indexOf('\n') + 1);
  const letter = String.fromCharCode(97 + (Number(seq) % 26));
  expect(letters.length, `a file of number ${seq} is not whole`).toBe(Number(length));
  expect(letters === letter.repeat(letters.length), `a file of number ${seq} is mixed`).toBe(true);
  return Number(seq);
}

/** Runs the writer until it is killed after `ms`; its lines `begin N FILE` and `done N FILE` are what was promised. */
async function writeAndKill(root: string, mode: string, first: number, ms: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, root, mode, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const ready = new Promise<void>((resolve) =>
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      resolve();
    }),
  );
  const ended = new Promise((resolve) => child.stdout.once('close', resolve));
  await ready;
  await new Promise((done) => setTimeout(done, ms));
  child.kill('SIGKILL');
  await ended;
  return output.split('\n').slice(0, -1);
}

describe.each(['rename', 'in-place'])('a server that writes by %s and is killed at any moment', (mode) => {
  it('leaves every file whole, and has all that it had promised', async () => {
    const root = newRoot();
    const kills = rounds(mode === 'rename' ? 14 : 6, mode === 'rename' ? 140 : 60);
    let next = 1;
    let promised = new Map<string, number>();
    // On a busy machine many kills come before the first file is whole.
    for (let kill = 0; kill < kills || (promised.size < 2 && kill < 20 * kills); kill++) {
      const lines = await writeAndKill(root, mode, next, 1 + ((kill * 37) % 60));
      const begun = new Map<string, number>();
      for (const line of lines) {
        const [word = '', seq = '', ...names] = line.split(' ');
        next = Math.max(next, Number(seq) + 1);
        for (const name of names) (word === 'done' ? promised : begun).set(name, Number(seq));
      }
      // the next server opens them: what was interrupted is brought to its end
      const store = new FileNotebookManager({ notebook_dir: root, file_write: mode as 'rename' });
      const found = new Map<string, number>();
      for (const { name } of (await store.list('')).entries) {
        const { body } = await store.read(name);
        const seq = seqOf(Buffer.concat((await body.toArray()) as Buffer[]).toString());
        // one that was being renamed may have either name or both, never none
        const usual = name.replace('-moved', '');
        found.set(usual, Math.max(seq, found.get(usual) ?? 0));
      }
      for (const [name, seq] of promised) {
        const now = found.get(name);
        expect(now, `${name} is gone after kill ${kill}: ${lines.slice(-4).join(' | ')}`).toBeDefined();
        expect(now).toBeGreaterThanOrEqual(seq);
        expect(now).toBeLessThanOrEqual(Math.max(seq, begun.get(name) ?? 0));
      }
      promised = found;
    }
    expect(promised.size).toBeGreaterThan(1);
    // What the kills left behind is gone when a server of the next hour has written.
    vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ['Date'] });
    const later = new FileNotebookManager({ notebook_dir: root, file_write: mode as 'rename' });
    const names = (await later.list('')).entries.map(({ name }) => name).filter((name) => name !== '');
    for (const name of names) await later.write(name, Buffer.from('new'));
    expect(
      readdirSync(root)
        .filter((name) => name !== '.ipynb_checkpoints')
        .sort(),
    ).toEqual(names.sort());
  });
});

describe('a write in place that a kill interrupted', () => {
  const interrupted = (root: string, quiet = true): void => {
    writeFileSync(join(root, 'n.txt'), 'new byxxxxxxxx');
    linkSync(join(root, 'n.txt'), join(root, 'other name'));
    writeFileSync(join(root, '.~n.txt'), 'the old bytes');
    const staged = '.nbserver-b3e4e9a3ee8c4b3f.tmp';
    writeFileSync(join(root, stageName(root) ?? staged), 'new bytes, whole');
    if (quiet) for (const name of readdirSync(root)) utimesSync(join(root, name), 1, 1);
  };
  /** The name that the store itself gives to the new bytes of `n.txt`. */
  const stageName = (root: string): string | undefined =>
    readdirSync(root).find((name) => name.startsWith('.nbserver-'));

  it('is finished when the file is opened next', async () => {
    const root = newRoot();
    // learn the name from a real interruption: a body that never ends
    const store = new FileNotebookManager({ notebook_dir: root });
    const { Readable } = await import('node:stream');
    const body = new Readable({ read() {} });
    body.on('error', () => undefined); // also when it comes before the store listens
    const never = store.write('n.txt', body);
    body.push('x');
    let name: string | undefined;
    while (name === undefined) {
      await new Promise((done) => setTimeout(done, 5));
      name = stageName(root);
    }
    body.destroy(new Error('gone'));
    await never.catch(() => undefined);
    writeFileSync(join(root, name), '');
    interrupted(root);
    const { body: read } = await store.read('n.txt');
    expect(Buffer.concat((await read.toArray()) as Buffer[]).toString()).toBe('new bytes, whole');
    expect(readFileSync(join(root, 'other name'), 'utf8')).toBe('new bytes, whole');
    expect(readdirSync(root).sort()).toEqual(['n.txt', 'other name']);
  });

  it('is finished from the new bytes, not from a name that the file got while it was created', async () => {
    const root = newRoot();
    const store = new FileNotebookManager({ notebook_dir: root });
    await store.write('n.txt', Buffer.from('the old bytes'));
    const stage = join(root, stageBeside('n.txt'));
    writeFileSync(join(root, 'n.txt'), 'new byxxxxxxxx');
    linkSync(join(root, 'n.txt'), stage);
    writeFileSync(join(root, '.~n.txt'), 'the old bytes');
    writeFileSync(stage.replace('.tmp', '-0123abcd.tmp'), 'new bytes, whole');
    for (const name of readdirSync(root)) utimesSync(join(root, name), 1, 1);
    utimesSync(stage, 2, 2);
    const { body } = await store.read('n.txt');
    expect(Buffer.concat((await body.toArray()) as Buffer[]).toString()).toBe('new bytes, whole');
    await store.write('n.txt', Buffer.from('and newer ones'));
    expect(readdirSync(root)).toEqual(['n.txt']);
  });

  it('is not seen in the copy that another program keeps under the same name', async () => {
    const root = newRoot();
    writeFileSync(join(root, 'n.txt'), 'newer');
    writeFileSync(join(root, '.~n.txt'), 'older');
    const store = new FileNotebookManager({ notebook_dir: root });
    const { body } = await store.read('n.txt');
    expect(Buffer.concat((await body.toArray()) as Buffer[]).toString()).toBe('newer');
    expect(readFileSync(join(root, '.~n.txt'), 'utf8')).toBe('older');
  });
});

describe('a full disk', () => {
  it.each(['rename', 'in-place'] as const)(
    'leaves the old file and says so, writing by %s',
    async (file_write) => {
      const root = newRoot();
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', root]).status === 0;
      if (!mounted) return console.log('skipped: mounting a small disk needs rights');
      try {
        const store = new FileNotebookManager({
          notebook_dir: root,
          file_write,
          trash_dir: join(root, '.t'),
        });
        await store.write('n.ipynb', Buffer.alloc(60_000, 'o'));
        await store.checkpoints.create('n.ipynb');
        const full = expect.objectContaining({
          status: 507,
          message: expect.stringMatching(/disk is full/) as string,
        }) as Error;
        await expect(store.write('n.ipynb', Buffer.alloc(600_000, 'n'))).rejects.toEqual(full);
        await expect(store.write('new.ipynb', Buffer.alloc(600_000, 'n'))).rejects.toEqual(full);
        writeFileSync(join(root, 'filler'), Buffer.alloc(340_000));
        await expect(store.write('n.ipynb', Buffer.alloc(70_000, 'n'))).rejects.toEqual(full);
        expect(readFileSync(join(root, 'n.ipynb')).equals(Buffer.alloc(60_000, 'o'))).toBe(true);
        rmSync(join(root, 'filler'));
        await store.write('n.ipynb', Buffer.alloc(70_000, 'n'));
        expect(readdirSync(root).sort()).toEqual(['.ipynb_checkpoints', 'n.ipynb']);
      } finally {
        spawnSync('umount', [root]);
      }
    },
  );
});

describe('many writers', () => {
  it('of one file lose nothing when each writes on what it has read', async () => {
    const root = newRoot();
    const store = new FileNotebookManager({ notebook_dir: root });
    await store.write('n.txt', Buffer.from(''));
    let refused = 0;
    const add = async (word: string): Promise<void> => {
      for (;;) {
        const { entry, body } = await store.read('n.txt');
        const text = Buffer.concat((await body.toArray()) as Buffer[]).toString();
        try {
          await store.write('n.txt', Buffer.from(`${text}${word}\n`), { revision: entry.revision });
          return;
        } catch (error) {
          if (!(error instanceof HttpError) || error.status !== 409) throw error;
          refused++;
        }
      }
    };
    const writers = 5;
    const saves = rounds(100, 1000);
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let i = writer; i < saves; i += writers) await add(`word ${i}`);
      }),
    );
    const words = readFileSync(join(root, 'n.txt'), 'utf8').trimEnd().split('\n');
    expect(words.length).toBe(saves);
    expect(new Set(words).size).toBe(saves);
    expect(refused).toBeGreaterThan(0);
  });

  it('of a directory that is renamed meanwhile leave no file behind', async () => {
    const root = newRoot();
    const store = new FileNotebookManager({ notebook_dir: root });
    mkdirSync(join(root, 'a'));
    await store.write('a/f.txt', Buffer.from('old'));
    const results = await Promise.allSettled([
      store.write('a/f.txt', Buffer.alloc(2_000_000, 'n')),
      store.rename('a', 'b'),
      store.write('b/g.txt', Buffer.from('after')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(statSync(join(root, 'b/f.txt')).size).toBe(2_000_000);
    expect(readdirSync(join(root, 'b')).sort()).toEqual(['f.txt', 'g.txt']);
  });
});
