import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Contents, MemoryNotebookManager } from '../../../src/contents/index.js';
import {
  DocumentManager,
  LiveDocument,
  type DocumentManagerOptions,
  type DocumentPage,
} from '../../../src/documents/index.js';
import { DocumentHistory } from '../../../src/documents/history.js';
import type { LinkedKernel, SessionSource } from '../../../src/documents/kernel-link.js';
import { HttpError } from '../../../src/http-error.js';
import { silentLog } from '../../../src/log.js';
import type { Operation } from '../../../src/notebook/operations.js';
import type { Cell, DisplayOutput, Output } from '../../../src/notebook/types.js';
import type { PageMessage, ServerMessage } from '../../../src/protocol/document-messages.js';

const shown: DisplayOutput = {
  output_type: 'display_data',
  data: { 'text/html': '<script>1</script>' },
  metadata: {},
};
const code = (id: string, source: string, outputs: Output[] = []): Cell => ({
  id,
  cell_type: 'code',
  source,
  metadata: {},
  outputs,
  execution_count: null,
});

/** A kernel that answers every request at once with one output. */
class FakeKernel implements Pick<LinkedKernel, 'request'> {
  readonly id = 'kernel-1';
  readonly name = 'fake';
  readonly spec = { name: 'fake', displayName: 'Fake', language: 'fake' };
  readonly info = { language_info: { name: 'fake', version: '1' } };
  readonly state = 'idle';
  /** websockets of clients */
  connections = 0;
  readonly reason = undefined;
  readonly isShutDown = false;
  readonly ready = Promise.resolve();
  listener: Parameters<LinkedKernel['onMessage']>[0] | undefined;
  requests = 0;

  request(): string {
    const id = `request-${(this.requests += 1)}`;
    queueMicrotask(() => {
      this.say('iopub', 'display_data', id, { data: shown.data, metadata: {} });
      this.say('shell', 'execute_reply', id, { status: 'ok', execution_count: 1 });
      this.say('iopub', 'status', id, { execution_state: 'idle' });
    });
    return id;
  }
  say(channel: 'iopub' | 'shell', type: string, parent: string, content: object): void {
    const bytes = (value: object) => Buffer.from(JSON.stringify(value));
    const header = { msg_id: 'm', msg_type: type, session: '', username: '', date: '', version: '5.3' };
    this.listener?.(
      channel,
      {
        identities: [],
        header: bytes(header),
        parentHeader: bytes({ msg_id: parent, msg_type: 'execute_request' }),
        metadata: bytes({}),
        content: bytes(content),
        buffers: [],
      },
      header,
    );
  }
  replyInput(): void {}
  async interrupt(): Promise<void> {}
  onMessage(listener: Parameters<LinkedKernel['onMessage']>[0]) {
    this.listener = listener;
    return { close: () => (this.listener = undefined) };
  }
  onState() {
    return { close: () => undefined };
  }
}

class FakeSessions implements SessionSource {
  session: { id: string; path: string; kernel: LinkedKernel } | undefined;
  readonly listeners = new Set<() => void>();
  get(id: string) {
    return this.session?.id === id ? this.session : undefined;
  }
  findByPath(path: string) {
    return this.session?.path === path ? this.session : undefined;
  }
  async create({ path }: { path: string }) {
    return this.begin(new FakeKernel(), path);
  }
  begin(kernel: LinkedKernel, of = path) {
    this.session = { id: 's', path: of, kernel };
    for (const listener of this.listeners) listener();
    return this.session;
  }
  end(): void {
    this.session = undefined;
    for (const listener of this.listeners) listener();
  }
  rename(): void {}
  onChange(listener: () => void) {
    this.listeners.add(listener);
    return { close: () => void this.listeners.delete(listener) };
  }
}

class FakePage implements DocumentPage {
  readonly messages: ServerMessage[] = [];
  readonly waiting = 0;
  closed = false;
  send(text: string): void {
    this.messages.push(JSON.parse(text) as ServerMessage);
  }
  close(): void {
    this.closed = true;
  }
  last<T extends ServerMessage['type']>(type: T): Extract<ServerMessage, { type: T }> | undefined {
    return this.messages.findLast((one): one is Extract<ServerMessage, { type: T }> => one.type === type);
  }
}

let store: MemoryNotebookManager;
let sessions: FakeSessions;
let contents: Contents;
let logged: string[];
let documents: DocumentManager;
const path = 'work.ipynb';

async function write(cells: Cell[], minor = 5): Promise<void> {
  const content = { cells, metadata: {}, nbformat: 4, nbformat_minor: minor };
  await store.write(path, Buffer.from(JSON.stringify(content)));
}
async function onDisk(of = path): Promise<{ cells: Cell[]; metadata: object }> {
  const { body } = await store.read(of);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as { cells: Cell[]; metadata: object };
}
function attach(document: LiveDocument, client: string): FakePage & { say(message: PageMessage): void } {
  const page = Object.assign(new FakePage(), {
    say: (message: PageMessage) => document.receive(page, message),
  });
  document.attach(page);
  page.say({ type: 'resume', client });
  return page;
}
/** Starts a cell on a kernel that answers nothing by itself; its request is `run`. */
async function runningOn(document: LiveDocument, cell: string): Promise<FakeKernel> {
  const kernel = new FakeKernel();
  kernel.request = () => 'run';
  sessions.begin(kernel);
  document.execute([cell]);
  await until(() => document.state.cell(cell)?.run.state === 'running');
  return kernel;
}
async function until(holds: () => boolean): Promise<void> {
  for (let n = 0; n < 15_000 && !holds(); n += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(holds()).toBe(true);
}

const managerOptions = (): DocumentManagerOptions => ({
  contents,
  sessions,
  specs: { get: async () => new FakeKernel().spec, defaultName: async () => 'fake' },
  log: { ...silentLog, error: (message) => void logged.push(String(message)) },
  grace: 20,
  saveTimes: { idle: 5, longest: 50, retry: 10 },
  outputInterval: 1,
});

beforeEach(async () => {
  store = new MemoryNotebookManager();
  sessions = new FakeSessions();
  logged = [];
  contents = new Contents(store);
  documents = new DocumentManager(managerOptions());
  contents.openDocuments = documents;
  await write([code('a', 'x'), code('b', 'y', [shown])]);
});
afterEach(() => documents.close());

describe('DocumentManager', () => {
  it('has one document per path, also when two open it at once', async () => {
    const [one, two] = await Promise.all([documents.open(path), documents.open(`/${path}`)]);
    expect(two).toBe(one);
    expect(documents.get(one.id)).toBe(one);
    expect(documents.find(path)).toBe(one);
  });

  it('lets go of a document that nobody needs, but not of one that somebody looks at', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(documents.get(document.id)).toBe(document);
    document.detach(page);
    await until(() => documents.get(document.id) === undefined);
    expect(sessions.listeners.size).toBe(0);
  });

  it('does not let go of a document that somebody opens again, however long its file is looked at', async () => {
    const document = await documents.open(path);
    const stat = store.stat.bind(store);
    store.stat = async (of) => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return stat(of);
    };
    const again = await documents.open(path);
    expect(again).toBe(document);
    expect(documents.get(document.id)).toBe(document);
  });

  it('takes a notebook along, or closes it, that is renamed or deleted while it is being opened', async () => {
    const read = contents.readNotebook.bind(contents);
    const openWhile = async (act: () => Promise<unknown>) => {
      let acted: Promise<unknown> | undefined;
      contents.readNotebook = async (of) => {
        const found = await read(of);
        acted ??= act();
        // The file is moved or gone, and the document knows nothing of it yet.
        while ((await store.stat(path)) !== undefined) await new Promise((resolve) => setTimeout(resolve, 1));
        return found;
      };
      const document = await documents.open(path);
      contents.readNotebook = read;
      await acted;
      return document;
    };
    const renamed = await openWhile(() => contents.rename(path, 'new.ipynb'));
    expect(renamed.path).toBe('new.ipynb');
    expect(documents.find('new.ipynb')).toBe(renamed);
    await write([code('a', 'x')]);
    await openWhile(() => contents.delete(path));
    expect(documents.find(path)).toBeUndefined();
  });

  it('saves what is dirty when it closes', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    await documents.close();
    expect((await onDisk()).cells).toHaveLength(1);
    expect(page.closed).toBe(true);
  });

  it('refuses what is missing, no notebook, or too large', async () => {
    await store.write('text.ipynb', Buffer.from('not json'));
    await expect(documents.open('nowhere.ipynb')).rejects.toMatchObject({ status: 404 });
    await expect(documents.open('text.ipynb')).rejects.toMatchObject({ status: 400 });
    const stat = store.stat.bind(store);
    store.stat = async (of) => {
      const entry = await stat(of);
      return entry === undefined ? undefined : { ...entry, size: 2.5e9 };
    };
    await expect(documents.open(path)).rejects.toMatchObject({ status: 413 });
  });

  it('opens a very large notebook read-only, and says why', async () => {
    const small = new DocumentManager({ ...managerOptions(), largest: 10 });
    const document = await small.open(path);
    const page = attach(document, 'p');
    expect(page.last('snapshot')?.writable).toBe(false);
    expect(page.last('notice')?.message).toContain('is opened read-only');
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    expect(page.last('refused')?.message).toContain('nothing is changed or saved here');
    // What a client runs in it can reach no file: it keeps no document open.
    document.detach(page);
    document.execute(['a']);
    await until(() => document.state.cell('a')?.run.finished !== undefined);
    expect(document.isQuiet).toBe(false);
    sessions.end();
    await until(() => small.get(document.id) === undefined);
    await small.close();
    await until(() => logged.length > 0);
    rmSync(/is in (.*)$/.exec(logged.at(-1) ?? '')?.[1] ?? '');
  });

  it('keeps what is not saved in a journal when nothing is saved by itself, also over a kill', async () => {
    const historyDirectory = mkdtempSync(join(tmpdir(), 'nbserver-journal-'));
    const open = () => new DocumentManager({ ...managerOptions(), autosave: false, historyDirectory });
    const edit = (id: string, text: string): Operation => ({
      op: 'edit-source',
      id,
      changes: [1, [0, text]],
    });
    try {
      // Never closed, as when it is killed.
      const killed = attach(await open().open(path), 'p');
      killed.say({ type: 'ops', seq: 1, base: 0, ops: [edit('a', '1')] });
      killed.say({ type: 'ops', seq: 2, base: 1, ops: [edit('b', '2')] });
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect((await onDisk()).cells.map(({ source }) => source)).toEqual(['x', 'y']);
      // Meanwhile somebody else changes the file.
      await write([code('n', 'new'), code('a', 'x'), code('b', 'other')]);
      const next = open();
      const document = await next.open(path);
      expect([...document.state.cells()].map(({ cell }) => cell.source)).toEqual(['new', 'x1', 'other']);
      const page = attach(document, 'p');
      expect(page.last('snapshot')).toMatchObject({
        autosave: false,
        conflicts: [{ cell: 'b', ours: 'other', theirs: 'y2' }],
      });
      await next.close();
      expect((await onDisk()).cells.map(({ source }) => source)).toEqual(['new', 'x', 'other']);
      const last = open();
      await (await last.open(path)).saveNow();
      expect((await onDisk()).cells.map(({ source }) => source)).toEqual(['new', ['x1'], 'other']);
      await last.close();
      expect((await open().open(path)).isDirty).toBe(false);
    } finally {
      rmSync(historyDirectory, { recursive: true, force: true });
    }
  });
});

describe('a document that is saved on request only', () => {
  let directory: string;
  let manager: DocumentManager;
  const open = () =>
    new DocumentManager({ ...managerOptions(), autosave: false, historyDirectory: directory });
  const journals = () =>
    readdirSync(directory, { recursive: true }).filter((name) => String(name).endsWith('operations.jsonl'));
  const type = (page: ReturnType<typeof attach>, seq: number, text: string, base = seq - 1) =>
    page.say({
      type: 'ops',
      seq,
      base,
      ops: [{ op: 'edit-source', id: 'a', changes: [seq, [0, text]] }],
    });
  const sourcesOnDisk = async (of = path) => (await onDisk(of)).cells.map(({ source }) => source);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'nbserver-journal-'));
    manager = open();
    contents.openDocuments = manager;
  });
  afterEach(async () => {
    await manager.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('is not written by whatever else is done with its file, and a copy has what the person sees', async () => {
    const document = await manager.open(path);
    const page = attach(document, 'p');
    type(page, 1, '!');
    await contents.get(path, { hash: true });
    await contents.createCheckpoint(path);
    await document.flush();
    const copy = await contents.copy(path, 'copy.ipynb');
    expect(await sourcesOnDisk(copy.path)).toEqual([['x!'], 'y']);
    await contents.rename(path, 'other.ipynb');
    expect(await sourcesOnDisk('other.ipynb')).toEqual(['x', 'y']);
    expect(document.isDirty).toBe(true);
    await document.saveNow();
    expect(await sourcesOnDisk('other.ipynb')).toEqual([['x!'], 'y']);
  });

  it('takes its journal along when it moves, and leaves none behind for another notebook of its name', async () => {
    await contents.createUntitled('', { type: 'directory' });
    await contents.rename('Untitled Folder', 'dir');
    await contents.rename(path, `dir/${path}`);
    const page = attach(await manager.open(`dir/${path}`), 'p');
    type(page, 1, '!');
    const moved = contents.rename('dir', 'new');
    type(page, 2, '!');
    await moved;
    type(page, 3, '!');
    expect(page.last('notice')).toBeUndefined();
    expect(journals()).toHaveLength(1);
    await contents.createUntitled('', { type: 'directory' });
    await contents.rename('Untitled Folder', 'dir');
    await contents.copy(`new/${path}`, `dir/${path}`);
    // As after a kill.
    const next = open();
    expect((await next.open(`dir/${path}`)).isDirty).toBe(false);
    const document = await next.open(`new/${path}`);
    expect(document.state.cell('a')?.cell.source).toBe('x!!!');
    await next.close();
  });

  it('gives a new notebook of the name nothing of a deleted one', async () => {
    const page = attach(await manager.open(path), 'p');
    type(page, 1, '!');
    await contents.delete(path);
    expect(journals()).toEqual([]);
    await write([code('a', 'new')]);
    expect((await manager.open(path)).state.cell('a')?.cell.source).toBe('new');
  });

  it('gives it nothing of one that was deleted while it was closed, nor of one that other programs deleted', async () => {
    const leave = async () => {
      const killed = open();
      type(attach(await killed.open(path), 'p'), 1, '!');
      return killed;
    };
    await leave();
    await contents.delete(path);
    await write([code('a', 'x')]);
    expect((await manager.open(path)).state.cell('a')?.cell.source).toBe('x');
    await contents.delete(path);
    expect(journals()).toMatchObject([expect.stringContaining('journal-deleted-')]);
    // Renamed to a name of which a journal is left.
    await write([code('a', 'x')]);
    await leave();
    await store.rename(path, 'a.ipynb');
    await contents.rename('a.ipynb', path);
    expect((await manager.open(path)).state.cell('a')?.cell.source).toBe('x');
  });

  it('makes way for another one that gets its name after its file had vanished', async () => {
    await contents.copy(path, 'a.ipynb');
    const lost = attach(await manager.open(path), 'p');
    type(lost, 1, '!');
    await store.remove(path, { recursive: false });
    const other = await manager.open('a.ipynb');
    const page = attach(other, 'q');
    type(page, 1, '?');
    await contents.rename('a.ipynb', path);
    const rescued = /is in (.*)$/.exec(lost.last('closed')?.reason ?? '')?.[1] ?? '';
    expect(readFileSync(rescued, 'utf8')).toContain('x!');
    rmSync(rescued);
    expect(lost.closed).toBe(true);
    expect(await manager.open(path)).toBe(other);
    type(page, 2, '?');
    const next = open();
    expect((await next.open(path)).state.cell('a')?.cell.source).toBe('x??');
    await next.close();
  });

  it('tries by itself to write a journal that could not be written, and may be let go then', async () => {
    const document = await manager.open(path);
    const page = attach(document, 'p');
    rmSync(directory, { recursive: true });
    writeFileSync(directory, '');
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    try {
      type(page, 1, '!');
      document.detach(page);
      vi.advanceTimersByTime(10_000);
      expect(document.isQuiet).toBe(false);
      rmSync(directory);
      mkdirSync(directory);
      vi.advanceTimersByTime(10_000);
      expect(document.isQuiet).toBe(true);
    } finally {
      vi.useRealTimers();
    }
    expect(journals()).toHaveLength(1);
  });

  it('begins its journal again before that is many times longer than the notebook', async () => {
    const page = attach(await manager.open(path), 'p');
    for (let n = 0; n < 20; n += 1) {
      const metadata = { large: `${n}${'x'.repeat(1_000_000)}` };
      page.say({ type: 'ops', seq: n + 1, base: n, ops: [{ op: 'set-metadata', id: 'a', metadata }] });
    }
    expect(statSync(join(directory, String(journals()[0]))).size).toBeLessThan(6_000_000);
    const again = open();
    expect((await again.open(path)).state.cell('a')?.cell.metadata['large']).toMatch(/^19x/);
    await again.close();
  });

  it('goes on when the journal cannot be written, says so once, and keeps everything as soon as it can', async () => {
    const page = attach(await manager.open(path), 'p');
    // A file where the folder of the histories is to be.
    rmSync(directory, { recursive: true });
    writeFileSync(directory, '');
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      type(page, 1, '1');
      type(page, 2, '2');
      const notices = () => page.messages.filter(({ type: of }) => of === 'notice');
      expect(notices()).toMatchObject([
        { level: 'error', message: expect.stringContaining('in memory alone') as string },
      ]);
      expect(page.last('ack')?.seq).toBe(2);
      rmSync(directory);
      mkdirSync(directory);
      vi.setSystemTime(Date.now() + 11_000);
      type(page, 3, '3');
      expect(notices()).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
    const next = open();
    expect((await next.open(path)).state.cell('a')?.cell.source).toBe('x123');
    await next.close();
  });

  it.each([
    ['the one that had not taken its place yet is whole', 'journal', 'x!'],
    ['the one before is gone', 'journal.new', 'x'],
  ])('puts the torn journal aside when %s', async (_, torn, text) => {
    type(attach(await manager.open(path), 'p'), 1, '!');
    const folder = join(directory, String(journals()[0]), '..');
    cpSync(folder, `${folder}.new`, { recursive: true });
    if (torn !== 'journal') rmSync(folder, { recursive: true });
    truncateSync(join(folder, '..', torn, 'base.ipynb'), 20);
    const next = open();
    const page = attach(await next.open(path), 'q');
    expect(page.last('snapshot')?.cells.find(({ id }) => id === 'a')?.source).toBe(text);
    expect(page.last('notice') !== undefined).toBe(torn !== 'journal');
    expect(
      readdirSync(join(folder, '..')).filter((name) => name.startsWith(`${torn}-unreadable-`)),
    ).toHaveLength(1);
    await next.close();
    const last = open();
    expect(attach(await last.open(path), 'r').last('notice')).toBeUndefined();
    await last.close();
  });

  it('opens without a journal that cannot be read, which is put aside', async () => {
    type(attach(await manager.open(path), 'p'), 1, '!');
    const [journal = ''] = journals().map(String);
    const folder = join(directory, journal, '..');
    truncateSync(join(folder, 'base.ipynb'), 20);
    const next = open();
    const document = await next.open(path);
    expect(document.state.cell('a')?.cell.source).toBe('x');
    const page = attach(document, 'q');
    expect(page.last('notice')?.message).toContain('could not be read');
    expect(existsSync(folder)).toBe(false);
    expect(journals()).toHaveLength(1);
    expect(journals()[0]).toContain('journal-unreadable-');
    type(page, 1, '?');
    expect(journals()).toHaveLength(2);
    await next.close();
  });
});

describe('a file that vanishes', () => {
  it('leaves what was not saved on this machine when it was the last save that found out', async () => {
    const late = new DocumentManager({
      ...managerOptions(),
      saveTimes: { idle: 1e8, longest: 1e8, retry: 1e8 },
    });
    const document = await late.open(path);
    attach(document, 'p').say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    await store.remove(path, { recursive: false });
    await late.close();
    const rescued = /is in (.*)$/.exec(logged.at(-1) ?? '')?.[1] ?? '';
    expect((JSON.parse(readFileSync(rescued, 'utf8')) as { cells: Cell[] }).cells).toHaveLength(1);
    rmSync(rescued);
  });
});

describe('LiveDocument', () => {
  it('applies a batch once, also when it is sent again on a new connection', async () => {
    const document = await documents.open(path);
    const batch: PageMessage = {
      type: 'ops',
      seq: 1,
      base: 0,
      ops: [{ op: 'edit-source', id: 'a', changes: [1, [0, '!']] }],
    };
    const page = attach(document, 'p');
    page.say(batch);
    expect(page.last('ack')).toEqual({ type: 'ack', seq: 1, revision: 1 });
    const again = attach(document, 'p');
    expect(page.closed).toBe(true);
    expect(again.last('snapshot')?.seq).toBe(1);
    again.say(batch);
    page.say({ ...batch, seq: 2 });
    expect(document.state.cell('a')?.cell.source).toBe('x!');
  });

  it('leaves the outputs alone that the history of a large notebook does not have', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nbserver-history-'));
    const document = await LiveDocument.open(path, {
      ...managerOptions(),
      history: (of) => new DocumentHistory(join(directory, 'h'), of, () => 65e6, silentLog),
    });
    try {
      const page = attach(document, 'p');
      const edit: Operation = { op: 'edit-source', id: 'b', changes: [1, [0, '!']] };
      page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'a' }, edit] });
      await document.flush();
      const states = (await document.history?.list()) ?? [];
      await document.restore(states.at(-1)?.id ?? '');
      const cells = [...document.state.cells()].map(({ cell }) => cell);
      expect(cells).toEqual([code('a', 'x'), code('b', 'y', [shown])]);
      page.say({ type: 'ops', seq: 2, base: document.revision, ops: [edit] });
      await document.restore(states.at(-1)?.id ?? '', ['b']);
      expect(document.state.cell('b')?.cell).toEqual(code('b', 'y', [shown]));
    } finally {
      await document.close();
      rmSync(directory, { recursive: true });
    }
  });

  it('takes a text that collides before it answers, so that what is saved then has it', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    page.say({ type: 'conflict', seq: 1, cell: 'a', text: 'x\nand more', base: 'x' });
    expect(document.state.cell('a')?.cell.source).toBe('x\nand more');
    expect(page.last('ack')).toEqual({ type: 'ack', seq: 1, revision: document.revision });
    expect(page.messages.slice(-2).map(({ type }) => type)).toEqual(['ops', 'ack']);
    page.say({ type: 'conflict', seq: 1, cell: 'a', text: 'x\nand more', base: 'x' });
    expect(document.conflicts).toEqual([]);
  });

  it('tells a page that comes back what it missed', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const epoch = page.last('snapshot')?.epoch ?? '';
    document.detach(page);
    attach(document, 'q').say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    const back = new FakePage();
    document.attach(back);
    document.receive(back, { type: 'resume', client: 'p', epoch, revision: 0 });
    expect(back.messages[0]).toMatchObject({ type: 'ops', revision: 1, client: 'q', seq: 1 });
    expect(back.messages[1]).toEqual({
      type: 'resumed',
      revision: 1,
      seq: 0,
      now: expect.any(Number) as number,
    });
    expect(back.last('snapshot')).toBeUndefined();
  });

  it('sends the whole notebook to a page that comes back when what it missed is longer', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const { epoch = '' } = page.last('snapshot') ?? {};
    for (let n = 0; n < 5; n += 1) {
      const metadata = { large: `${n}${'x'.repeat(1_000_000)}` };
      page.say({ type: 'ops', seq: n + 1, base: n, ops: [{ op: 'set-metadata', id: 'a', metadata }] });
    }
    const back = (revision: number) => {
      const again = new FakePage();
      document.attach(again);
      document.receive(again, { type: 'resume', client: 'p', epoch, revision });
      return again.messages.map(({ type }) => type);
    };
    expect(back(0)).toEqual(['snapshot']);
    expect(back(3).slice(0, 3)).toEqual(['ops', 'ops', 'resumed']);
  });

  it('runs a cell, names its kernel in the notebook, saves, and trusts what ran here', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    expect(page.last('snapshot')?.untrusted).toEqual(['b']);
    page.say({ type: 'execute', seq: 1, cells: ['b'] });
    await until(() => document.state.cell('b')?.run.status === 'ok' && !document.isDirty);
    const disk = await onDisk();
    expect(disk.cells[1]).toMatchObject({ execution_count: 1, outputs: [{ output_type: 'display_data' }] });
    expect(disk.metadata).toEqual({
      kernelspec: { name: 'fake', display_name: 'Fake', language: 'fake' },
      language_info: { name: 'fake', version: '1' },
    });
    expect(attach(document, 'q').last('snapshot')?.untrusted).toEqual([]);
  });

  it('trusts outputs that come back by undo, and none that a page brings', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    page.say({ type: 'execute', cells: ['b'] });
    await until(() => document.state.cell('b')?.run.status === 'ok');
    const { cell } = document.state.cell('b') ?? { cell: code('', '') };
    const base = document.revision;
    page.say({ type: 'ops', seq: 1, base, ops: [{ op: 'delete-cell', id: 'b' }] });
    page.say({ type: 'ops', seq: 2, base, ops: [{ op: 'insert-cell', cell, after: 'a' }] });
    expect(page.last('trust')).toEqual({ type: 'trust', trusted: ['b'], untrusted: [] });
    const forged: Output = { ...shown, data: { 'text/html': '<script>2</script>' } };
    page.say({
      type: 'ops',
      seq: 3,
      base,
      ops: [{ op: 'insert-cell', cell: code('f', '', [forged]), after: null }],
    });
    expect(page.last('trust')).toEqual({ type: 'trust', trusted: [], untrusted: ['f'] });
    expect(attach(document, 'q').last('snapshot')?.untrusted).toEqual(['f']);
  });

  it('signs what ran here, and no foreign output that was on its way to the disk when its cell ran', async () => {
    const foreignIn: string[][] = [];
    const signing = new DocumentManager({
      ...managerOptions(),
      signOutputs: async (_file, foreign) => void foreignIn.push([...foreign]),
    });
    contents.openDocuments = signing;
    const document = await signing.open(path);
    const page = attach(document, 'p');
    let go = () => undefined as void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const write = store.write.bind(store);
    store.write = async (...parameters) => {
      await gate;
      return write(...parameters);
    };
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'edit-source', id: 'a', changes: [1, [0, '!']] }] });
    const saved = document.flush();
    document.execute(['b']);
    await until(() => document.state.cell('b')?.run.finished !== undefined);
    go();
    await saved;
    expect(foreignIn).toEqual([['a', 'b']]);
    await document.flush();
    expect(foreignIn.at(-1)).toEqual(['a']);
    await signing.close();
  });

  it('takes a save of another client as operations, whose outputs are foreign', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const content = document.content() as unknown as { cells: Cell[] };
    content.cells.reverse();
    content.cells[1] = { ...code('a', 'x2', [shown]) };
    await document.save(content as never);
    expect(page.last('ops')?.ops.map(({ op }) => op)).toEqual(['move-cell', 'edit-source', 'set-outputs']);
    expect(page.last('trust')?.untrusted).toEqual(['a']);
    expect((await onDisk()).cells.map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('knows of outputs from elsewhere that a page has not shown, also those that only the file has', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const { epoch, revision = 0 } = page.last('snapshot') ?? {};
    const seen = { epoch: String(epoch), revision };
    expect(await document.showed(seen)).toBe(true);
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'edit-source', id: 'a', changes: [1, [0, '!']] }] });
    await document.flush();
    expect(await document.showed(seen)).toBe(true);
    await write([code('a', 'x!', [shown]), code('b', 'y')]);
    expect(await document.showed(seen)).toBe(false);
    expect(await document.showed({ epoch: 'another', revision })).toBe(false);
  });

  it('leaves to the kernel what a running cell prints when another client saves what it saw earlier', async () => {
    const document = await documents.open(path);
    const kernel = await runningOn(document, 'a');
    const print = (text: string) => kernel.say('iopub', 'stream', 'run', { name: 'stdout', text });
    print('one\n');
    const content = document.content() as unknown as { cells: Cell[] };
    const [first] = content.cells;
    if (first !== undefined) first.source = 'other';
    print('two\n');
    await document.save(content as never);
    expect(document.state.cell('a')?.run.state).toBe('running');
    print('three\n');
    kernel.say('shell', 'execute_reply', 'run', { status: 'ok', execution_count: 1 });
    kernel.say('iopub', 'status', 'run', { execution_state: 'idle' });
    await document.flush();
    const [cell] = (await onDisk()).cells;
    expect(cell).toMatchObject({ source: ['other'], execution_count: 1 });
    expect(cell?.outputs).toMatchObject([{ text: ['one\n', 'two\n', 'three\n'] }]);
  });

  it('records what a kernel prints long after the end of a cell and the last page', async () => {
    const document = await documents.open(path);
    const kernel = await runningOn(document, 'a');
    kernel.say('shell', 'execute_reply', 'run', { status: 'ok', execution_count: 1 });
    kernel.say('iopub', 'status', 'run', { execution_state: 'idle' });
    await until(() => !document.isDirty);
    await new Promise((resolve) => setTimeout(resolve, 60));
    kernel.say('iopub', 'stream', 'run', { name: 'stdout', text: 'from a thread' });
    await until(() => document.isDirty);
    await until(() => !document.isDirty);
    expect((await onDisk()).cells[0]?.outputs).toMatchObject([{ text: ['from a thread'] }]);
    // Without its kernel there is nothing to wait for.
    sessions.end();
    await until(() => documents.get(document.id) === undefined);
  });

  it('saves a field of the file that no operation tells', async () => {
    const document = await documents.open(path);
    await document.save({ ...document.content(), nbformat_minor: 6 });
    expect(await onDisk()).toMatchObject({ nbformat_minor: 6 });
  });

  it('brings in what another program wrote, as operations of the same epoch', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    await write([code('n', 'new'), code('a', 'from elsewhere', [shown])]);
    await documents.open(path);
    expect(page.last('stale')).toBeUndefined();
    expect(page.last('ops')?.ops.map(({ op }) => op)).toEqual([
      'delete-cell',
      'insert-cell',
      'edit-source',
      'set-outputs',
    ]);
    expect(page.last('trust')).toEqual({ type: 'trust', trusted: ['n'], untrusted: ['a'] });
    expect(page.last('notice')?.message).toContain('changed by another program');
    expect(document.state.ids).toEqual(['n', 'a']);
    expect(document.isDirty).toBe(false);
    // What a page types on the text that it still sees is carried over.
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'edit-source', id: 'a', changes: [1, [0, '!']] }] });
    expect(document.state.cell('a')?.cell.source).toBe('from elsewhere!');
  });

  it('looks at the file when a person comes back to the page', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    await write([code('a', 'from elsewhere')]);
    page.say({ type: 'focus' });
    await until(() => document.state.cell('a')?.cell.source === 'from elsewhere');
  });

  it('takes a checkpoint that was restored as operations, and gives up what was not saved', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'edit-source', id: 'a', changes: [[1, 'mine']] }] });
    await write([code('a', 'checkpoint')]);
    await document.reload();
    expect(page.last('ops')?.ops.map(({ op }) => op)).toEqual(['delete-cell', 'edit-source']);
    expect(document.state.cell('a')?.cell.source).toBe('checkpoint');
    expect(document.isDirty).toBe(false);
  });

  it('says that a save failed, and tries again', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const write = store.write.bind(store);
    store.write = async () => {
      throw new HttpError(403, 'No space left.');
    };
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'a' }] });
    await until(() => page.last('save-failed') !== undefined);
    expect(page.last('save-failed')?.message).toBe('work.ipynb was not saved: No space left.');
    expect(document.isDirty).toBe(true);
    expect(attach(document, 'late').last('save-failed')).toEqual(page.last('save-failed'));
    store.write = write;
    await until(() => page.last('saved') !== undefined);
    expect((await onDisk()).cells).toHaveLength(1);
  });

  it('merges what another program wrote before it saves, cell by cell', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    await write([code('a', 'theirs'), code('b', 'y'), code('n', 'new')]);
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'edit-source', id: 'b', changes: [1, [0, '!']] }] });
    await until(() => page.last('saved') !== undefined && !document.isDirty);
    const { cells } = await onDisk();
    // What only they changed keeps the bytes that they wrote.
    expect(cells.map(({ source }) => source)).toEqual(['theirs', ['y!'], 'new']);
    expect(cells[1]?.outputs).toEqual([]);
    expect([...document.state.cells()].map(({ cell }) => cell.source)).toEqual(['theirs', 'y!', 'new']);
    expect(page.last('conflict')).toBeUndefined();
    const { entries } = await store.list('');
    expect(entries.map(({ name }) => name)).toEqual([path]);
  });

  it('keeps both texts when another program changed the very cell, until a person has chosen', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    await write([code('a', 'theirs'), code('b', 'y', [shown])]);
    page.say({
      type: 'ops',
      seq: 1,
      base: 0,
      ops: [{ op: 'edit-source', id: 'a', changes: [1, [0, ' mine']] }],
    });
    await until(() => page.last('conflict') !== undefined && !document.isDirty);
    const [conflict] = page.last('conflict')?.conflicts ?? [];
    expect(conflict).toMatchObject({ cell: 'a', ours: 'x mine', theirs: 'theirs', from: 'file' });
    expect((await onDisk()).cells).toMatchObject([{ source: ['x mine'] }, { id: 'b' }]);
    const other = attach(document, 'q');
    expect(other.last('snapshot')?.conflicts).toEqual([conflict]);
    page.say({ type: 'resolve', conflict: conflict?.id ?? '' });
    expect(other.last('conflict')?.conflicts).toEqual([]);
  });

  it('merges the lines of one cell that two changed in different places', async () => {
    await write([code('a', 'one\ntwo\nthree\nfour\nfive')]);
    const document = await documents.open(path);
    const page = attach(document, 'p');
    await write([code('a', 'ONE\ntwo\nthree\nfour\nfive')]);
    page.say({
      type: 'ops',
      seq: 1,
      base: 0,
      ops: [{ op: 'edit-source', id: 'a', changes: [23, [0, '!']] }],
    });
    await until(() => page.last('saved') !== undefined && !document.isDirty);
    expect(document.state.cell('a')?.cell.source).toBe('ONE\ntwo\nthree\nfour\nfive!');
    expect(page.last('conflict')).toBeUndefined();
  });

  it('leaves what our pages typed since a client read the notebook when that client saves it', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const content = document.content() as unknown as { cells: Cell[] };
    page.say({
      type: 'ops',
      seq: 1,
      base: 0,
      ops: [{ op: 'edit-source', id: 'a', changes: [1, [0, ' mine']] }],
    });
    const [, second] = content.cells;
    if (second !== undefined) second.source = 'theirs';
    await document.save(content as never);
    expect([...document.state.cells()].map(({ cell }) => cell.source)).toEqual(['x mine', 'theirs']);
    // It still has the old text of the first cell, and did not change it.
    if (second !== undefined) second.source = 'theirs 2';
    await document.save(content as never);
    expect([...document.state.cells()].map(({ cell }) => cell.source)).toEqual(['x mine', 'theirs 2']);
  });

  it('takes back what a client takes back that it had saved before', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const read = document.content() as unknown as { cells: Cell[] };
    page.say({
      type: 'ops',
      seq: 1,
      base: 0,
      ops: [{ op: 'edit-source', id: 'a', changes: [1, [0, ' mine']] }],
    });
    await document.save({ ...read, cells: [...read.cells, code('n', 'new')] } as never);
    expect(document.state.ids).toEqual(['a', 'b', 'n']);
    await document.save(read as never);
    expect([...document.state.cells()].map(({ cell }) => cell.source)).toEqual(['x mine', 'y']);
  });

  it('keeps a running cell and its output when a file without it is found', async () => {
    const document = await documents.open(path);
    const kernel = await runningOn(document, 'a');
    await document.flush();
    await write([code('other', 'theirs')]);
    await documents.open(path);
    kernel.say('iopub', 'stream', 'run', { name: 'stdout', text: 'done' });
    kernel.say('shell', 'execute_reply', 'run', { status: 'ok', execution_count: 1 });
    kernel.say('iopub', 'status', 'run', { execution_state: 'idle' });
    await until(() => document.state.cell('a')?.run.status === 'ok' && !document.isDirty);
    const { cells } = await onDisk();
    expect(cells.find(({ id }) => id === 'a')).toMatchObject({ outputs: [{ text: ['done'] }] });
    expect(cells.map(({ id }) => id).sort()).toEqual(['a', 'other']);
  });

  it('knows that a cell still runs, or waits, which undo brings back or makes code again', async () => {
    await write([code('a', 'x'), code('b', 'y')]);
    const document = await documents.open(path);
    const page = attach(document, 'p');
    await runningOn(document, 'a');
    document.execute(['b']);
    const { revision } = document;
    page.say({ type: 'ops', seq: 1, base: revision, ops: [{ op: 'delete-cell', id: 'a' }] });
    page.say({
      type: 'ops',
      seq: 2,
      base: revision + 1,
      ops: [
        { op: 'insert-cell', cell: code('a', 'x'), after: null },
        { op: 'set-cell-type', id: 'b', cell_type: 'raw' },
        { op: 'set-cell-type', id: 'b', cell_type: 'code' },
      ],
    });
    const runs = () => ['a', 'b'].map((id) => document.state.cell(id)?.run.state);
    expect(runs()).toEqual(['running', 'queued']);
    expect(page.last('ops')?.ops.map(({ op }) => op)).toEqual(['set-execution', 'set-execution']);
    await write([code('n', 'new')]);
    await document.checkDisk();
    expect(document.state.ids.toSorted()).toEqual(['a', 'b', 'n']);
  });

  it('does not save by itself while only another client works on the notebook', async () => {
    const document = await documents.open(path);
    const kernel = await runningOn(document, 'a');
    await until(() => !document.isDirty);
    kernel.connections = 1;
    kernel.say('iopub', 'stream', 'run', { name: 'stdout', text: 'one' });
    await until(() => document.isDirty);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(document.isDirty).toBe(true);
    kernel.connections = 0;
    await until(() => !document.isDirty);
    expect((await onDisk()).cells[0]?.outputs).toMatchObject([{ text: ['one'] }]);
  });

  it('does not write over a file that was replaced by something else, but when a person saves', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    await store.write(path, Buffer.from('no notebook'));
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    await until(() => page.last('notice') !== undefined);
    expect(page.last('notice')?.message).toContain('not a notebook');
    expect(document.isDirty).toBe(true);
    page.say({ type: 'save', seq: 2 });
    await until(() => !document.isDirty);
    expect((await onDisk()).cells).toHaveLength(1);
    const { entries } = await store.list('');
    expect(entries.map(({ name }) => name.replace(/\d.*\d/, 'TIME')).sort()).toEqual([
      'work-replaced-TIME.ipynb',
      path,
    ]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['vanished', () => store.remove(path, { recursive: false })],
    ['was replaced', () => store.write(path, Buffer.from('no notebook'))],
  ])('does not write a file anew that %s when a page with unsaved work is hidden', async (_what, change) => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    await change();
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    await until(() => page.last('notice') !== undefined);
    const [writeAgain, before] = [vi.spyOn(store, 'write'), await store.stat(path)];
    page.say({ type: 'save', seq: 2, unasked: true });
    await document.flush();
    expect(document.isDirty).toBe(true);
    expect(writeAgain).not.toHaveBeenCalled();
    expect(await store.stat(path)).toEqual(before);
  });

  it('tells a page that comes later, or comes back, that its file is gone, and none when it is there again', async () => {
    const document = await documents.open(path);
    const first = attach(document, 'p');
    const { epoch = '' } = first.last('snapshot') ?? {};
    await store.remove(path, { recursive: false });
    first.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    await until(() => first.last('notice') !== undefined);
    const notice = JSON.stringify(first.last('notice'));
    expect(notice).toContain('deleted or moved');
    // Opened by its name, as a second tab does.
    expect(await documents.open(path)).toBe(document);
    expect(document.opening.messages()[1]).toBe(notice);
    expect(attach(document, 'second').messages.map((one) => JSON.stringify(one))).toContain(notice);
    const back = new FakePage();
    document.attach(back);
    document.receive(back, { type: 'resume', client: 'p', epoch, revision: 0 });
    expect(back.messages.at(-1)).toEqual(first.last('notice'));
    await document.saveNow();
    expect(attach(document, 'third').last('notice')).toBeUndefined();
  });

  it('saves by itself again when a file that had vanished is back', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    await store.rename(path, 'elsewhere.ipynb');
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    await until(() => page.last('notice') !== undefined);
    expect(document.isDirty).toBe(true);
    await store.rename('elsewhere.ipynb', path);
    await documents.open(path);
    await until(() => !document.isDirty);
    expect((await onDisk()).cells).toHaveLength(1);
    page.say({ type: 'ops', seq: 2, base: 1, ops: [{ op: 'delete-cell', id: 'a' }] });
    await until(() => !document.isDirty);
    expect((await onDisk()).cells).toHaveLength(0);
  });

  it('goes on saving when a save came while its file was being moved', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const rename = store.rename.bind(store);
    store.rename = async (from, to) => {
      const entry = await rename(from, to);
      page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
      await document.flush();
      return entry;
    };
    await contents.rename(path, 'new.ipynb');
    await until(() => !document.isDirty);
    expect((await onDisk('new.ipynb')).cells).toHaveLength(1);
    expect(await store.stat(path)).toBeUndefined();
  });

  it('was moved, also when the store cannot tell for a moment what is there, or what it keeps cannot be written', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nbserver-history-'));
    const manager = new DocumentManager({ ...managerOptions(), historyDirectory: directory });
    contents.openDocuments = manager;
    const told: string[] = [];
    contents.onEvent = ({ action }) => void told.push(action);
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const document = await manager.open(path);
      const page = attach(document, 'p');
      const { history } = document;
      // Its history writes for long, and a folder lies where the waiting texts are to be written.
      let written: () => void = () => undefined;
      const hold = history?.hold.bind(history);
      if (history !== undefined)
        history.hold = async () => {
          await hold?.();
          await new Promise<void>((resolve) => (written = resolve));
          const [folder = ''] = readdirSync(directory);
          mkdirSync(join(directory, folder, 'conflicts.json', 'x'), { recursive: true });
        };
      await history?.record(document.state, 'saved');
      const stat = store.stat.bind(store);
      const rename = store.rename.bind(store);
      store.rename = async (from, to) => {
        const entry = await rename(from, to);
        store.stat = () => Promise.reject(new HttpError(500, 'The drive does not answer.'));
        setTimeout(() => {
          store.stat = stat;
          written();
        }, 20);
        return entry;
      };
      await contents.rename(path, 'new.ipynb');
      expect(unhandled).toEqual([]);
      expect(told).toContain('rename');
      page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
      await until(() => !document.isDirty);
      expect((await onDisk('new.ipynb')).cells).toHaveLength(1);
      // Nothing waits for what could not be written.
      expect(await history?.list()).not.toHaveLength(0);
    } finally {
      await manager.close();
      process.off('unhandledRejection', note);
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('leaves what the store refuses at the end in a file of this machine, and says where', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    store.write = async () => {
      throw new HttpError(507, 'The disk is full.');
    };
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    await documents.close();
    const said = logged.join('\n');
    expect(said).toContain('work.ipynb could not be saved at the end: The disk is full.');
    const file = / is in (\S+-work\.ipynb)$/.exec(said)?.[1] ?? '';
    try {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ cells: [{ id: 'a', source: 'x' }] });
    } finally {
      rmSync(file, { force: true });
    }
  });

  it('saves what came while it was saved for the last time', async () => {
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const write = store.write.bind(store);
    let writes = 0;
    store.write = async (...args) => {
      const entry = await write(...args);
      const ids = document.state.ids;
      if ((writes += 1) === 1) {
        page.say({ type: 'ops', seq: 2, base: 1, ops: [{ op: 'delete-cell', id: ids[0] ?? '' }] });
      }
      return entry;
    };
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    await documents.close();
    expect(page.last('ack')?.seq).toBe(2);
    expect((await onDisk()).cells).toHaveLength(0);
  });

  it('refuses changes of a read-only file with a sentence', async () => {
    const stat = store.stat.bind(store);
    store.stat = async (of) => {
      const entry = await stat(of);
      return entry === undefined ? undefined : { ...entry, writable: false };
    };
    const read = store.read.bind(store);
    store.read = async (of) => {
      const { entry, body } = await read(of);
      return { entry: { ...entry, writable: false }, body };
    };
    const page = attach(await documents.open(path), 'p');
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'b' }] });
    expect(page.last('refused')).toMatchObject({
      seq: 1,
      message: expect.stringContaining('read-only') as string,
    });
  });

  it('gives cells of old formats ids that never reach the file', async () => {
    const { id: _a, ...first } = code('', 'x');
    await write([first as Cell, first as Cell], 4);
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const [one = '', two = ''] = document.state.ids;
    expect(one).not.toBe(two);
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'edit-source', id: two, changes: [1, [0, '2']] }] });
    await document.flush();
    const { cells } = await onDisk();
    expect(cells.map(({ id }) => id)).toEqual([undefined, undefined]);
    expect(cells[1]?.source).toEqual(['x2']);
  });

  it('keeps a notebook of an old format beside the new one, also when its checkpoint is made anew', async () => {
    const cells = [
      { cell_type: 'code', input: 'print 1', language: 'python', outputs: [], collapsed: false },
    ];
    const old = JSON.stringify({ nbformat: 3, nbformat_minor: 0, metadata: {}, worksheets: [{ cells }] });
    await store.write(path, Buffer.from(old));
    const document = await documents.open(path);
    const page = attach(document, 'p');
    const [id = ''] = document.state.ids;
    expect(await onDisk()).toMatchObject({ nbformat: 3 });
    page.say({ type: 'ops', seq: 1, base: 0, ops: [{ op: 'edit-source', id, changes: [7, [0, '!']] }] });
    page.say({ type: 'save', seq: 2, checkpoint: true });
    await until(() => page.last('saved')?.checkpoint !== undefined);
    expect(await onDisk()).toMatchObject({ nbformat: 4, cells: [{ source: ['print 1!'] }] });
    expect(page.last('notice')?.message).toContain('format 3');
    expect(page.last('notice')?.message).toContain('work-v3.ipynb');
    expect(await onDisk('work-v3.ipynb')).toEqual(JSON.parse(old));
    // Put back, and upgraded again: one copy is enough.
    await store.write(path, Buffer.from(old));
    await document.reload();
    const [again = ''] = document.state.ids;
    document.execute([again]);
    await until(() => document.state.cell(again)?.run.finished !== undefined);
    await document.flush();
    expect(await onDisk()).toMatchObject({ nbformat: 4 });
    const { entries } = await store.list('');
    expect(entries.map(({ name }) => name).filter((name) => name.includes('-v3'))).toEqual(['work-v3.ipynb']);
  });

  it('wants a page to say who it is', async () => {
    const document = await documents.open(path);
    const page = new FakePage();
    document.attach(page);
    document.receive(page, { type: 'execute', cells: ['a'] });
    expect(page.last('notice')?.message).toContain('"resume"');
  });
});
