import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotebookTrust } from '../../../../src/contents/index.js';
import { pythonNumber } from '../../../../src/contents/trust/jupyter-signatures.js';
import { SignatureStore } from '../../../../src/contents/trust/signature-store.js';
import {
  readNotebook,
  saveContent,
  notebookContent,
  writeNotebook,
  type NotebookFile,
} from '../../../../src/notebook/index.js';
import type { Output } from '../../../../src/notebook/types.js';

let state: string;
let trust: NotebookTrust;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'nbserver-trust-'));
  trust = new NotebookTrust({ stateDirectory: state });
});
afterEach(async () => {
  await trust.close();
  rmSync(state, { recursive: true, force: true });
});

const display = (html: unknown, more = {}): Output =>
  ({ output_type: 'display_data', data: { 'text/html': html }, metadata: {}, ...more }) as Output;
const code = (id: string, outputs: unknown[], more = {}): object => ({
  cell_type: 'code',
  id,
  execution_count: 1,
  metadata: {},
  outputs,
  source: 'x',
  ...more,
});
const fileOf = (cells: object[], indent?: number): NotebookFile =>
  readNotebook(
    Buffer.from(JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, indent)),
  );
const foreign = async (file: NotebookFile): Promise<string[]> => [...(await trust.foreignCells(file))];

describe('trust', () => {
  it('is kept cell by cell: what changes is foreign, and nothing else', async () => {
    const cells = [code('a', [display('<b>a</b>')]), code('b', [display('<b>b</b>')])];
    expect(await foreign(fileOf(cells))).toEqual(['a', 'b']);
    await trust.sign(fileOf(cells));
    expect(await foreign(fileOf(cells))).toEqual([]);
    expect(await foreign(fileOf([...cells].reverse()))).toEqual([]);
    expect(await foreign(fileOf([code('a', [display('<i>other</i>')]), cells[1] ?? {}]))).toEqual(['a']);
  });

  it('needs nothing for cells that cannot do anything', async () => {
    const stream = { output_type: 'stream', name: 'stdout', text: '<script>' };
    const error = { output_type: 'error', ename: 'E', evalue: '', traceback: [] };
    const markdown = { cell_type: 'markdown', id: 'm', metadata: {}, source: '<script>' };
    expect(await foreign(fileOf([code('a', [stream, error]), code('b', []), markdown]))).toEqual([]);
  });

  it.each<[string, object]>([
    ['lines instead of a text', code('a', [display(['<b>\n', '</b>'])])],
    [
      'another count, source, id and display id',
      code('q', [display('<b>\n</b>', { transient: { display_id: 'd' } })], {
        execution_count: 9,
        source: 'y',
      }),
    ],
    [
      'streams beside it',
      code('a', [{ output_type: 'stream', name: 'stderr', text: 'w' }, display('<b>\n</b>')]),
    ],
    [
      'another order of names',
      code('a', [{ metadata: {}, data: { 'text/html': '<b>\n</b>' }, output_type: 'display_data' }]),
    ],
  ])('does not mind %s', async (_name, cell) => {
    await trust.sign(fileOf([code('a', [display('<b>\n</b>')])]));
    expect(await foreign(fileOf([cell], 1))).toEqual([]);
  });

  it.each<[string, unknown[]]>([
    ['another text', [display('<b>\n</b> ')]],
    [
      'another type of data',
      [{ output_type: 'display_data', data: { 'application/javascript': '<b>\n</b>' }, metadata: {} }],
    ],
    ['metadata', [display('<b>\n</b>', { metadata: { isolated: true } })]],
    ['one more output', [display('<b>\n</b>'), display('')]],
    [
      'the same text cut into two types',
      [{ output_type: 'display_data', data: { 'text/html': '<b>', 'text/x': '\n</b>' }, metadata: {} }],
    ],
  ])('minds %s', async (_name, outputs) => {
    await trust.sign(fileOf([code('a', [display('<b>\n</b>')])]));
    expect(await foreign(fileOf([code('a', outputs)]))).toEqual(['a']);
  });

  it('ignores what a file says of itself', async () => {
    const file = fileOf([code('a', [display('x')], { metadata: { trusted: true } })]);
    expect(await foreign(file)).toEqual(['a']);
  });

  it('leaves out cells that are foreign when a document is saved', async () => {
    const file = fileOf([code('ran', [display('1')]), code('pasted', [display('2')])]);
    await trust.sign(file, new Set(['pasted']));
    expect(await foreign(file)).toEqual(['pasted']);
    expect(await trust.knows([display('1')])).toBe(true);
    expect(await trust.knows([display('2')])).toBe(false);
    expect(await trust.knows([])).toBe(true);
  });

  it('holds for outputs that went through a client and back', async () => {
    const file = readNotebook(readFileSync(join(process.cwd(), 'test/notebooks/numbers.ipynb')));
    await trust.sign(file);
    const back = saveContent(undefined, JSON.parse(JSON.stringify(notebookContent(file, true))));
    expect(await foreign(back)).toEqual([]);
    const changed = writeNotebook(file, {
      cells: file.cells.map((cell) => ({ ...cell.read(), source: '' })),
    });
    expect(await foreign(changed)).toEqual([]);
  });

  it('is of this key alone, in files that only their owner reads', async () => {
    const file = fileOf([code('a', [display('x')])]);
    await trust.sign(file);
    for (const name of ['trust-key', 'trusted-outputs']) {
      expect(statSync(join(state, name)).mode & 0o777, name).toBe(0o600);
    }
    const again = new NotebookTrust({ stateDirectory: state });
    expect((await again.foreignCells(file)).size).toBe(0);
    rmSync(join(state, 'trust-key'));
    const other = new NotebookTrust({ stateDirectory: state });
    expect((await other.foreignCells(file)).size).toBe(1);
    writeFileSync(join(state, 'trust-key'), 'c2hvcnQ=\n');
    await expect(new NotebookTrust({ stateDirectory: state }).sign(file)).rejects.toThrow(/too short/);
  });

  it('is seen when another process adds it', async () => {
    const file = fileOf([code('a', [display('x')])]);
    expect(await foreign(file)).toEqual(['a']);
    await new NotebookTrust({ stateDirectory: state }).sign(file);
    expect(await foreign(file)).toEqual([]);
  });
});

describe('the file of signatures', () => {
  it('forgets the oldest quarter when it is full, also for another process that has it open', async () => {
    const path = join(state, 'signatures');
    const [one, other] = [new SignatureStore(path, 8), new SignatureStore(path, 8)];
    await other.refresh();
    for (let i = 0; i < 9; i++) await one.add([`s${i}`]);
    for (const store of [one, other]) {
      await store.refresh();
      expect(['s0', 's2', 's3', 's8'].map((name) => store.has(name))).toEqual([false, false, true, true]);
    }
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(6);
  });

  it('leaves a line alone that is being written', async () => {
    const path = join(state, 'signatures');
    writeFileSync(path, 'whole\npar');
    const store = new SignatureStore(path);
    await store.refresh();
    expect([store.has('whole'), store.has('par')]).toEqual([true, false]);
    writeFileSync(path, 'whole\npartial\n', { flag: 'r+' });
    await store.refresh();
    expect(store.has('partial')).toBe(true);
  });
});

it.each([
  ['1', '1'],
  ['-0', '0'],
  ['12345678901234567890', '12345678901234567890'],
  ['1.0', '1.0'],
  ['-0.0', '-0.0'],
  ['2.50', '2.5'],
  ['1e-05', '1e-05'],
  ['0.0001', '0.0001'],
  ['1E+22', '1e+22'],
  ['1e16', '1e+16'],
  ['123456789012345.6', '123456789012345.6'],
  ['1.5e300', '1.5e+300'],
  ['1e400', 'inf'],
  ['NaN', 'nan'],
  ['-Infinity', '-inf'],
])('Python gives %s as %s', (text, python) => expect(pythonNumber(text)).toBe(python));
