/** A page without a browser: the real sync over a real websocket; and notebooks for it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import WebSocket from 'ws';
import { PageSync } from '../../src/notebook/page-sync.js';
import type { CellId, Output } from '../../src/notebook/types.js';
import type {
  DocumentModel,
  KernelView,
  PageMessage,
  Prompt,
  ServerMessage,
} from '../../src/protocol/document-messages.js';
import { PATIENCE } from '../patience.js';
import { TOKEN, type TestServer } from '../test-server.js';

let pages = 0;
let notebooks = 0;

/** Writes a notebook of code cells `c0`, `c1` … @returns its path */
export function codeNotebook(server: TestServer, sources: string[], kernel = 'python3'): string {
  const path = `notebook-${(notebooks += 1)}.ipynb`;
  const cells = sources.map((source, n) => ({
    id: `c${n}`,
    cell_type: 'code',
    source,
    metadata: {},
    outputs: [],
    execution_count: null,
  }));
  const metadata = { kernelspec: { name: kernel, display_name: kernel, language: 'python' } };
  const content = { cells, metadata, nbformat: 4, nbformat_minor: 5 };
  writeFileSync(join(server.notebooks, path), `${JSON.stringify(content, null, 1)}\n`);
  return path;
}

export class DocumentTestPage {
  readonly sync: PageSync;
  readonly received: ServerMessage[] = [];
  readonly notices: string[] = [];
  id = '';
  #ws: WebSocket | undefined;

  constructor(
    private readonly server: Pick<TestServer, 'url' | 'fetch'>,
    readonly path: string,
  ) {
    this.sync = new PageSync(`test-page-${(pages += 1)}`, {
      changed: () => undefined,
      replaced: () => undefined,
      trustChanged: () => undefined,
      notice: (_, message) => this.notices.push(message),
    });
  }

  static async open(
    server: Pick<TestServer, 'url' | 'fetch'>,
    path: string,
    body: object = {},
  ): Promise<DocumentTestPage> {
    const page = new DocumentTestPage(server, path);
    await page.connect(body);
    return page;
  }

  async connect(body: object = {}): Promise<void> {
    const response = await this.server.fetch('api/documents', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path: this.path, ...body }),
    });
    expect(response.status).toBe(201);
    ({ id: this.id } = (await response.json()) as DocumentModel);
    const url = new URL(`api/documents/${this.id}/socket`, this.server.url.replace(/^http/, 'ws'));
    const ws = new WebSocket(url, { headers: { Authorization: `token ${TOKEN}` } });
    this.#ws = ws;
    ws.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as ServerMessage;
      this.received.push(message);
      if (message.type === 'notice') this.notices.push(message.message);
      if (this.#ws === ws) this.sync.receive(message);
    });
    ws.on('close', () => {
      if (this.#ws === ws) this.sync.disconnected();
    });
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    this.sync.connected((message) => ws.send(JSON.stringify(message)));
    await this.until(() => this.received.some(({ type }) => type === 'snapshot' || type === 'resumed'));
  }

  /** As when the network goes: nothing is said to the server. */
  drop(): void {
    this.#ws?.terminate();
    this.#ws = undefined;
    this.sync.disconnected();
    this.received.length = 0;
  }

  async close(): Promise<void> {
    const ws = this.#ws;
    this.#ws = undefined;
    if (ws === undefined || ws.readyState === ws.CLOSED) return;
    ws.close();
    await new Promise((resolve) => ws.once('close', resolve));
  }

  send(message: PageMessage): void {
    this.#ws?.send(JSON.stringify(message));
  }

  last<T extends ServerMessage['type']>(type: T): Extract<ServerMessage, { type: T }> | undefined {
    return this.received.findLast((one): one is Extract<ServerMessage, { type: T }> => one.type === type);
  }

  get kernel(): KernelView | undefined {
    return this.last('kernel')?.kernel ?? this.last('snapshot')?.kernel;
  }

  get prompt(): Prompt | null | undefined {
    return this.last('prompt')?.prompt;
  }

  outputs(id: CellId): readonly Output[] {
    return this.sync.view.cell(id)?.cell.outputs ?? [];
  }

  /** The outputs of a cell, those that came by name fetched. */
  async whole(id: CellId): Promise<Output[]> {
    const fetchWhole = async (output: Output): Promise<Output> => {
      if (output.output_type !== 'reference') return output;
      const response = await this.server.fetch(`api/documents/${this.id}/outputs/${output.hash}`);
      const whole = (await response.json()) as Output;
      return whole.output_type === 'stream' ? { ...whole, text: whole.text + (output.more ?? '') } : whole;
    };
    return Promise.all(this.outputs(id).map(fetchWhole));
  }

  /** The text of all streams of a cell. */
  text(id: CellId): string {
    return this.outputs(id)
      .map((output) => (output.output_type === 'stream' ? output.text : ''))
      .join('');
  }

  isDone(id: CellId): boolean {
    const run = this.sync.view.cell(id)?.run;
    return run?.state === 'idle' && run.finished !== undefined;
  }

  async until(holds: () => boolean): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while (!holds()) {
      if (Date.now() > deadline) {
        const shown = JSON.stringify([...this.sync.view.cells()].map((cell) => [cell.run, cell.cell])).slice(
          0,
          2000,
        );
        throw new Error(`It did not become true: ${holds.toString()}\n${shown}\n${this.notices.join('\n')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
