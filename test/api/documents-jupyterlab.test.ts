/** JupyterLab's own client works on a notebook beside a live document: it never meets a change of ours to its file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContentsManager, KernelManager, ServerConnection, SessionManager } from '@jupyterlab/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { eventually } from '../patience.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { rounds } from '../tier.js';
import { DocumentTestPage } from './document-page.js';

interface LabCell {
  id: string;
  cell_type: 'code';
  source: string;
  metadata: object;
  outputs: object[];
  execution_count: number | null;
}

let server: TestServer;
let serverSettings: ServerConnection.ISettings;
let contents: ContentsManager;
let kernelManager: KernelManager;
let sessions: SessionManager;
beforeAll(async () => {
  server = await startTestServer({ onlyOwnKernel: true });
  serverSettings = ServerConnection.makeSettings({
    baseUrl: server.url,
    wsUrl: server.url.replace(/^http/, 'ws'),
    token: TOKEN,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    fetch,
    Request,
    Headers,
  });
  contents = new ContentsManager({ serverSettings });
  kernelManager = new KernelManager({ serverSettings });
  sessions = new SessionManager({ kernelManager, serverSettings });
});
afterAll(async () => {
  sessions.dispose();
  kernelManager.dispose();
  contents.dispose();
  await server.close();
});

const cell = (id: string, source: string): LabCell => ({
  id,
  cell_type: 'code',
  source,
  metadata: {},
  outputs: [],
  execution_count: null,
});
const metadata = { kernelspec: { name: 'javascript', display_name: 'JavaScript', language: 'javascript' } };
function write(path: string, cells: LabCell[]): void {
  writeFileSync(
    join(server.notebooks, path),
    JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }),
  );
}
async function session(path: string) {
  const started = await sessions.startNew({
    path,
    name: path,
    type: 'notebook',
    kernel: { name: 'javascript' },
  });
  if (started.kernel === null) throw new Error('The session has no kernel.');
  await started.kernel.info;
  return { started, kernel: started.kernel };
}

describe('beside a live document, JupyterLab', () => {
  it('finds its file as it left it, through runs and saves', async () => {
    const path = 'lab.ipynb';
    // Somebody ran a cell in a page of ours and left; it prints on, and its document would save that.
    write(path, [cell('a', 'x'), cell('b', 'setInterval(() => console.log("tick"), 2_200)')]);
    const page = await DocumentTestPage.open(server, path);
    page.sync.execute(['b']);
    await page.until(() => page.isDone('b') && page.sync.isSaved);
    await page.close();
    const { started, kernel } = await session(path);
    const { content: opened } = (await contents.get(path)) as { content: { cells: LabCell[] } };
    const { cells } = opened;
    let known = (await contents.get(path)).last_modified;
    for (let n = 1; n <= rounds(6, 20); n += 1) {
      const [first] = cells;
      if (first === undefined) throw new Error('no cell');
      first.source = `console.log("round ${n}")`;
      first.outputs = [];
      const future = kernel.requestExecute({ code: first.source }, false, { cellId: 'a' });
      future.onIOPub = ({ header, content }) => {
        if (header.msg_type === 'stream') first.outputs.push({ output_type: 'stream', ...content });
      };
      first.execution_count = (await future.done).content.execution_count ?? null;
      // What JupyterLab asks before each save; a later time means its "changed on disk" dialog.
      expect((await contents.get(path, { content: false })).last_modified).toBe(known);
      const content = { cells, metadata, nbformat: 4, nbformat_minor: 5 };
      known = (await contents.save(path, { type: 'notebook', format: 'json', content })).last_modified;
      // Long enough for a line, and for a save two seconds after it.
      await sleep(n % 5 === 0 ? 4_600 : 20);
    }
    expect((await contents.get(path, { content: false })).last_modified).toBe(known);
    const file = readFileSync(join(server.notebooks, path), 'utf8');
    expect(file).toContain(`round ${rounds(6, 20)}`);
    expect(file).toContain('tick');
    await started.shutdown();
  });

  it('has the rest of a run on disk when it went away before the end', async () => {
    const path = 'left.ipynb';
    write(path, [cell('a', ''), cell('b', 'other')]);
    const { started, kernel } = await session(path);
    const code =
      'for (let n = 0; n < 4; n += 1) { console.log("line " + n); await new Promise((d) => setTimeout(d, 200)) }';
    const saved = [cell('a', code), cell('b', 'other')];
    const content = { cells: saved, metadata, nbformat: 4, nbformat_minor: 5 };
    await contents.save(path, { type: 'notebook', format: 'json', content });
    kernel.requestExecute({ code }, false, { cellId: 'a' });
    await sleep(300);
    kernel.dispose();
    await eventually(() => readFileSync(join(server.notebooks, path), 'utf8').includes('line 3'));
    const { cells } = JSON.parse(readFileSync(join(server.notebooks, path), 'utf8')) as { cells: LabCell[] };
    expect(cells[0]).toMatchObject({
      execution_count: 1,
      outputs: [{ output_type: 'stream', text: ['line 0\n', 'line 1\n', 'line 2\n', 'line 3\n'] }],
    });
    started.dispose();
  });
});
