import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Output } from '../../src/notebook/types.js';
import type { HistoryModel } from '../../src/protocol/rest-models.js';
import { hasPythonKernel } from '../parts.js';
import { eventually } from '../patience.js';
import { startTestServer, type TestServer } from '../test-server.js';
import { codeNotebook, DocumentTestPage } from './document-page.js';

interface FileCell {
  id: string;
  cell_type: string;
  source: string | string[];
  outputs?: (Output & { text?: string | string[] })[];
  execution_count?: number | null;
}

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const notebook = (sources: string[], kernel?: string) => codeNotebook(server, sources, kernel);
function onDisk(path: string): FileCell[] {
  const file = JSON.parse(readFileSync(join(server.notebooks, path), 'utf8')) as { cells: FileCell[] };
  return file.cells;
}
const joined = (text: string | string[] | undefined) => (Array.isArray(text) ? text.join('') : (text ?? ''));
const textOnDisk = (cell: FileCell | undefined) =>
  (cell?.outputs ?? []).map((output) => joined(output.text)).join('');

describe.skipIf(!hasPythonKernel)('a live document on a real kernel', () => {
  it('goes on while its page is away, and has everything when it comes back, and on disk', async () => {
    const slow = 'import time\nfor n in range(8):\n    print(n, flush=True)\n    time.sleep(0.2)\n"end"';
    const path = notebook(['a = 20\nprint("one")', slow, 'a + 1']);
    const page = await DocumentTestPage.open(server, path, { start_kernel: true });
    page.sync.execute(['c0', 'c1', 'c2']);
    await page.until(() => page.text('c1').includes('2'));
    page.drop();
    // Nobody looks on until the run is over and saved.
    await eventually(
      () => textOnDisk(onDisk(path)[1]).includes('7') && onDisk(path)[2]?.execution_count === 3,
    );
    await page.connect();
    await page.until(() => page.isDone('c2'));
    expect(page.received.map(({ type }) => type)).toContain('resumed');
    const expected = '0\n1\n2\n3\n4\n5\n6\n7\n';
    expect(page.text('c0')).toBe('one\n');
    expect(page.text('c1')).toBe(expected);
    expect(page.outputs('c1').at(-1)).toMatchObject({ output_type: 'execute_result', execution_count: 2 });
    expect(page.outputs('c2')).toMatchObject([{ data: { 'text/plain': '21' }, execution_count: 3 }]);
    const cells = onDisk(path);
    expect(textOnDisk(cells[1])).toBe(expected);
    expect(cells.map((cell) => cell.execution_count)).toEqual([1, 2, 3]);
    const other = await DocumentTestPage.open(server, path);
    expect(other.text('c1')).toBe(expected);
    expect(other.sync.untrusted.size).toBe(0);
    await Promise.all([page.close(), other.close()]);
  });

  it('stops at an error, says why on the cells behind it, and goes on behind raises-exception', async () => {
    const path = notebook(['1/0', 'print("never")']);
    const page = await DocumentTestPage.open(server, path);
    page.sync.execute(['c0', 'c1']);
    await page.until(() => page.sync.view.cell('c1')?.run.status === 'cancelled');
    expect(page.sync.view.cell('c0')?.run.status).toBe('error');
    expect(page.outputs('c0')).toMatchObject([{ output_type: 'error', ename: 'ZeroDivisionError' }]);
    expect(page.sync.view.cell('c1')?.run.reason).toBe('Not run: a cell before it failed.');
    page.sync.perform([{ op: 'set-metadata', id: 'c0', metadata: { tags: ['raises-exception'] } }]);
    page.sync.execute(['c0', 'c1']);
    await page.until(() => page.text('c1') === 'never\n');
    await page.close();
  });

  it('asks for input in every page, takes the answer from any, and an interrupt ends it', async () => {
    const path = notebook(['name = input("Name? ")\nprint("Hello", name)', 'input("Again? ")', 'print(3)']);
    const first = await DocumentTestPage.open(server, path);
    const second = await DocumentTestPage.open(server, path);
    first.sync.execute(['c0']);
    await second.until(() => second.prompt?.prompt === 'Name? ');
    expect(second.prompt).toEqual({ cell: 'c0', prompt: 'Name? ', password: false });
    await first.until(() => first.prompt?.cell === 'c0');
    second.send({ type: 'input', value: 'Ada' });
    await first.until(() => first.isDone('c0') && first.prompt === null);
    expect(first.text('c0')).toBe('Name? Ada\nHello Ada\n');
    first.sync.execute(['c1', 'c2']);
    await first.until(() => first.prompt?.cell === 'c1');
    const third = await DocumentTestPage.open(server, path);
    expect(third.last('snapshot')?.prompt?.prompt).toBe('Again? ');
    third.send({ type: 'interrupt' });
    await first.until(() => first.isDone('c1'));
    expect(first.prompt).toBeNull();
    expect(first.outputs('c1')).toMatchObject([{ output_type: 'error', ename: 'KeyboardInterrupt' }]);
    expect(first.sync.view.cell('c2')?.run).toMatchObject({ state: 'idle', status: 'cancelled' });
    await Promise.all([first.close(), second.close(), third.close()]);
  });

  it('has the last words of a kernel that is shut down', async () => {
    const source =
      'import time\ntry:\n    print("on", flush=True)\n    time.sleep(600)\nfinally:\n    print("last words")';
    const path = notebook([source]);
    const page = await DocumentTestPage.open(server, path);
    page.sync.execute(['c0']);
    await page.until(() => page.text('c0') === 'on\n');
    await server.fetch(`api/sessions/${page.kernel?.session_id}`, { method: 'DELETE' });
    await page.until(() => page.outputs('c0').some(({ output_type }) => output_type === 'error'));
    expect(page.text('c0')).toBe('on\nlast words\n');
    expect(page.sync.view.cell('c0')?.run).toMatchObject({ state: 'idle', status: 'aborted' });
    await page.close();
  });

  it('ends what runs when the kernel dies, with the reason on each cell', async () => {
    const path = notebook(['import os\nos._exit(3)', 'print("after")']);
    const page = await DocumentTestPage.open(server, path);
    page.sync.execute(['c0', 'c1']);
    await page.until(() => page.sync.view.cell('c1')?.run.status === 'cancelled');
    const { run } = page.sync.view.cell('c0') ?? {};
    expect(run).toMatchObject({ state: 'idle', status: 'aborted' });
    expect(run?.reason).toMatch(/\.$/);
    await page.until(() => page.kernel?.state === 'idle');
    page.sync.execute(['c1']);
    await page.until(() => page.text('c1') === 'after\n');
    await page.close();
  });

  it('shows the pictures, updates and clears that a kernel sends', async () => {
    const source = [
      'from IPython.display import display, clear_output, update_display',
      'display("old", display_id="d")',
      'print("gone"); clear_output()',
      'h = display("first", display_id="x")',
      'update_display("second", display_id="x")',
      'print("wait"); clear_output(wait=True); print("kept")',
    ].join('\n');
    const path = notebook([
      source,
      'update_display("third", display_id="y")',
      'display("y1", display_id="y");',
    ]);
    const page = await DocumentTestPage.open(server, path);
    page.sync.execute(['c0', 'c2', 'c1']);
    await page.until(() => page.isDone('c1'));
    expect(page.text('c0')).toBe('kept\n');
    expect(page.outputs('c2')).toMatchObject([{ data: { 'text/plain': "'third'" } }]);
    await page.close();
  });
});

describe('a live document and its file', () => {
  it('does not write a file that is only opened', async () => {
    const path = notebook(['x = 1']);
    const file = join(server.notebooks, path);
    const odd = readFileSync(file, 'utf8').replace(
      '"metadata": {},',
      '"metadata": { "big":12345678901234567890 },',
    );
    writeFileSync(file, odd);
    const page = await DocumentTestPage.open(server, path);
    await page.close();
    await sleep(100);
    expect(readFileSync(file, 'utf8')).toBe(odd);
  });

  it('shows two pages each other’s work, and saves it when the last keystroke is two seconds old', async () => {
    const path = notebook(['x = 1', 'y = 2']);
    const first = await DocumentTestPage.open(server, path);
    const second = await DocumentTestPage.open(server, path);
    const insert = { op: 'edit-source', id: 'c0', changes: [5, [0, '23']] } as const;
    first.sync.perform([insert], { undoable: false });
    second.sync.perform([{ op: 'delete-cell', id: 'c1' }]);
    await first.until(() => !first.sync.view.has('c1') && first.sync.isSaved);
    await second.until(() => second.sync.view.cell('c0')?.cell.source === 'x = 123' && second.sync.isSaved);
    expect(onDisk(path)).toMatchObject([{ id: 'c0', source: ['x = 123'] }]);
    second.sync.undo();
    await first.until(() => first.sync.view.has('c1'));
    await Promise.all([first.close(), second.close()]);
  });

  it('saves and makes a checkpoint when a person asks', async () => {
    const path = notebook(['x = 1']);
    const page = await DocumentTestPage.open(server, path);
    page.sync.perform([{ op: 'set-cell-type', id: 'c0', cell_type: 'markdown' }]);
    page.sync.save(true);
    await page.until(() => page.last('saved')?.checkpoint !== undefined);
    expect(onDisk(path)).toMatchObject([{ cell_type: 'markdown' }]);
    const checkpoints = await server.fetch(`api/contents/${path}/checkpoints`);
    expect(await checkpoints.json()).toHaveLength(1);
    await page.close();
  });

  it('merges what another program writes, and keeps both texts when both changed one cell', async () => {
    const path = notebook(['x = 1', 'y = 1', 'z = 1']);
    const page = await DocumentTestPage.open(server, path);
    const file = join(server.notebooks, path);
    const elsewhere = (from: string, to: string) =>
      writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
    page.sync.perform([{ op: 'edit-source', id: 'c1', changes: [5, [0, '0']] }]);
    elsewhere('x = 1', 'x = 2');
    page.sync.save();
    await page.until(() => page.sync.view.cell('c0')?.cell.source === 'x = 2' && page.sync.isSaved);
    expect(onDisk(path).map(({ source }) => joined(source))).toEqual(['x = 2', 'y = 10', 'z = 1']);
    page.sync.perform([{ op: 'edit-source', id: 'c2', changes: [[5, 'mine']] }]);
    await page.until(() => page.sync.isConfirmed);
    elsewhere('z = 1', 'theirs');
    page.sync.save();
    await page.until(() => page.last('conflict')?.conflicts.length === 1);
    expect(page.last('conflict')?.conflicts).toMatchObject([{ cell: 'c2', ours: 'mine', theirs: 'theirs' }]);
    await page.until(() => page.sync.isSaved);
    expect(joined(onDisk(path)[2]?.source)).toBe('mine');
    expect(readdirSync(server.notebooks).filter((name) => name.includes('conflict'))).toEqual([]);
    await page.close();
  });

  it('does not bring a deleted file back by itself, but when a person saves', async () => {
    const path = notebook(['x = 1']);
    const file = join(server.notebooks, path);
    const page = await DocumentTestPage.open(server, path);
    rmSync(file);
    page.sync.perform([{ op: 'delete-cell', id: 'c0' }]);
    await page.until(() => page.notices.some((notice) => notice.includes('was deleted or moved')));
    expect(() => readFileSync(file)).toThrow();
    page.sync.save();
    await page.until(() => page.sync.isSaved);
    expect(onDisk(path)).toEqual([]);
    await page.close();
  });

  it('takes what another client saves as operations, follows a rename, and ends with a DELETE', async () => {
    const path = notebook(['x = 1', 'y = 2']);
    const page = await DocumentTestPage.open(server, path);
    page.sync.perform([{ op: 'edit-source', id: 'c1', changes: [5, [0, '0']] }]);
    await page.until(() => page.sync.isConfirmed);
    const read = await server.fetch(`api/contents/${path}?type=notebook`);
    const model = (await read.json()) as { content: { cells: { source: string }[] } };
    expect(model.content.cells.map(({ source }) => source)).toEqual(['x = 1', 'y = 20']);
    const [first] = model.content.cells;
    if (first !== undefined) first.source = 'x = 3';
    const put = await server.fetch(`api/contents/${path}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'notebook', format: 'json', content: model.content }),
    });
    expect(put.status).toBe(200);
    await page.until(() => page.sync.view.cell('c0')?.cell.source === 'x = 3');
    expect(onDisk(path).map(({ source }) => joined(source))).toEqual(['x = 3', 'y = 20']);
    const renamed = path.replace('notebook', 'renamed');
    await server.fetch(`api/contents/${path}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path: renamed }),
    });
    await page.until(() => page.last('path')?.path === renamed);
    const model2 = await server.fetch(`api/documents/${page.id}`);
    expect(await model2.json()).toEqual({ id: page.id, path: renamed });
    page.sync.perform([{ op: 'delete-cell', id: 'c0' }]);
    page.sync.save();
    await page.until(() => page.sync.isSaved);
    expect(onDisk(renamed)).toHaveLength(1);
    expect(page.notices).toEqual([]);
    await server.fetch(`api/contents/${renamed}`, { method: 'DELETE' });
    await page.until(() => page.last('closed') !== undefined);
    expect((await server.fetch(`api/documents/${page.id}`)).status).toBe(404);
    await page.close();
  });

  it('says what is wrong with a path, a message and a kernel', async () => {
    const missing = await server.fetch('api/documents', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path: 'nowhere.ipynb' }),
    });
    expect(missing.status).toBe(404);
    const path = notebook(['x = 1'], 'no-such-kernel');
    const page = await DocumentTestPage.open(server, path);
    page.send(JSON.parse('{"type":"ops","seq":1,"base":0,"ops":[{"op":"nonsense"}]}') as never);
    await page.until(() => page.last('refused')?.message === 'There is no operation "nonsense".');
    page.sync.execute(['c0']);
    await page.until(() => page.kernel?.state === 'unavailable');
    expect(page.kernel?.reason).toContain('not installed');
    await page.until(() => page.sync.view.cell('c0')?.run.status === 'cancelled');
    expect(page.sync.view.cell('c0')?.run.reason).toBe(page.kernel?.reason);
    await page.close();
  });
});

describe('the history of a live document', () => {
  it('lists what was, brings a deleted cell back as an operation, and forgets', async () => {
    const path = notebook(['first = 1', 'second = 2']);
    const page = await DocumentTestPage.open(server, path);
    const history = (rest = '', init?: RequestInit) =>
      server.fetch(`api/documents/${page.id}/history${rest}`, init);
    const list = async () => (await (await history()).json()) as HistoryModel;
    page.sync.perform([{ op: 'edit-source', id: 'c0', changes: [9, [0, '0']] }]);
    page.sync.perform([{ op: 'delete-cell', id: 'c1' }]);
    page.sync.save();
    await page.until(() => page.sync.isSaved);
    const { states, deleted } = await list();
    expect(states.map(({ why }) => why)).toEqual(['saved', 'delete', 'opened']);
    expect(deleted).toMatchObject([{ cell: 'c1', source: 'second = 2' }]);
    const opened = states.at(-1)?.id ?? '';
    const common = { outputs: false, outputs_kept: true, moved: false };
    expect(await (await history(`/${opened}/diff`)).json()).toEqual({
      cells: [
        { ...common, cell: 'c0', before: 'first = 1', after: 'first = 10' },
        { ...common, cell: 'c1', before: 'second = 2', after: null },
      ],
    });
    const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const restored = await history(`/${opened}/restore`, { ...post, body: '{"cells":["c1"]}' });
    expect(restored.status).toBe(204);
    await page.until(() => page.sync.view.has('c1'));
    expect([...page.sync.view.cells()].map(({ cell }) => cell.source)).toEqual(['first = 10', 'second = 2']);
    await history(`/${opened}/restore`, { ...post, body: '{}' });
    await page.until(() => page.sync.view.cell('c0')?.cell.source === 'first = 1');
    await page.until(() => page.sync.isSaved);
    expect(onDisk(path).map(({ source }) => joined(source))).toEqual(['first = 1', 'second = 2']);
    expect((await history('/nothing')).status).toBe(404);
    expect((await history('', { method: 'DELETE' })).status).toBe(204);
    expect((await list()).states).toEqual([]);
    const others = readdirSync(server.notebooks).filter((name) => !name.endsWith('.ipynb'));
    expect(others.filter((name) => name !== '.ipynb_checkpoints')).toEqual([]);
    await page.close();
  });
});

describe('an output that a page knows by name', () => {
  const text = '<script>1</script>'.repeat(5_000);
  const picture = Buffer.from('\x89PNG\r\n\x1a\n'.padEnd(90_000, 'x'), 'latin1');
  let page: DocumentTestPage;
  let addresses: string[];
  beforeAll(async () => {
    const outputs = [
      { output_type: 'display_data', data: { 'text/html': text }, metadata: {} },
      { output_type: 'display_data', data: { 'image/png': picture.toString('base64') }, metadata: {} },
    ];
    const cell = { id: 'c0', cell_type: 'code', source: '', metadata: {}, outputs, execution_count: 1 };
    const file = JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 });
    writeFileSync(join(server.notebooks, 'large.ipynb'), file);
    page = await DocumentTestPage.open(server, 'large.ipynb');
    addresses = page.outputs('c0').map((output) => {
      if (output.output_type !== 'reference') throw new Error('It came whole.');
      return `api/documents/${page.id}/outputs/${output.hash}`;
    });
  });
  afterAll(() => page.close());

  it('is given as data and never as a page, for a browser to keep', async () => {
    const answer = await server.fetch(addresses[0] ?? '');
    expect(await answer.json()).toMatchObject({ data: { 'text/html': text } });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'private, max-age=31536000, immutable',
    });
  });

  it('is given as a picture only where it is one', async () => {
    const answer = await server.fetch(`${addresses[1]}?mime=image/png`);
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await answer.arrayBuffer()).equals(picture)).toBe(true);
    for (const wrong of [`${addresses[1]}?mime=image/jpeg`, `${addresses[0]}?mime=text/html`]) {
      expect((await server.fetch(wrong)).status).toBe(404);
    }
  });

  it('is given to nobody who may not see the notebook, and not under another name', async () => {
    expect((await fetch(`${server.url}${addresses[0]}`, { redirect: 'manual' })).status).toBe(403);
    expect((await server.fetch(`api/documents/${page.id}/outputs/constructor`)).status).toBe(404);
  });
});
