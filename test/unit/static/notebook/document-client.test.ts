/** What the page says of a kernel that is to be started, of a server whose clock differs from this machine's, and of what is on disk. */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSocket } from '../base/fake-socket.js';

// A page's data is read once, so this file has modules of its own.
vi.resetModules();
const { DocumentClient } = await import('../../../../static/notebook/document-client.js');
const { serverNow } = await import('../../../../static/notebook/server-clock.js');
afterAll(() => vi.resetModules());

const none = { id: null, name: 'python3', state: 'none' };
const HOUR = 3_600_000;

/** How the server answers to the request that starts the kernel. */
let answer: () => Promise<Response>;
let notices: string[];
let client: InstanceType<typeof DocumentClient>;

beforeEach(() => {
  FakeSocket.all = [];
  notices = [];
  const data = JSON.stringify({ base_url: '/', xsrf: 'x', xsrf_cookie: '_xsrf' });
  const element = { getElementById: () => ({ textContent: data }), cookie: '', visibilityState: 'visible' };
  vi.stubGlobal('document', Object.assign(new EventTarget(), element));
  vi.stubGlobal('location', { protocol: 'http:', host: 'server' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('removeEventListener', () => undefined);
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', () => answer());
  client = new DocumentClient('a.ipynb', undefined, {
    changed: () => undefined,
    replaced: () => undefined,
    trustChanged: () => undefined,
    notice: (_level: string, message: string) => notices.push(message),
    pager: () => undefined,
    failed: () => undefined,
    unmerged: () => undefined,
  });
  client.begin({ id: 'document', messages: [snapshot()] } as unknown as Parameters<typeof client.begin>[0]);
});
afterEach(() => {
  client.close();
  vi.unstubAllGlobals();
});

it.each<[string, () => Promise<Response>, string[]]>([
  ['it has been started', () => Promise.resolve(new Response('{"id":"document"}')), []],
  [
    'it cannot be started',
    () => Promise.resolve(new Response('{"message":"There is no kernel python3."}', { status: 500 })),
    ['No kernel could be started: There is no kernel python3.'],
  ],
  ['nobody answered', () => Promise.reject(new TypeError('away')), []],
])('shows a kernel as coming until %s, and believes the server from then on', async (_what, says, told) => {
  answer = says;
  expect(client.kernel.value?.state).toBe('starting');
  await client.startUsualKernel();
  const socket = await opened();
  socket.say(JSON.stringify({ type: 'kernel', kernel: none }));
  expect(client.kernel.value?.state).toBe('none');
  expect(notices).toEqual(told);
});

it('sets its clock again when it has connected: the HTML may have been long on its way', async () => {
  const socket = await opened();
  socket.say(JSON.stringify({ type: 'resumed', revision: 0, seq: 0, now: Date.now() + HOUR }));
  expect(Math.abs(serverNow() - Date.now() - HOUR)).toBeLessThan(HOUR / 2);
});

describe('on a document that was opened anew', () => {
  const cells = [{ id: 'a', cell_type: 'raw', source: 'x', metadata: {} }];
  const typed = [{ id: 'a', cell_type: 'raw', source: 'x1', metadata: {} }];
  const next = { epoch: 'next', revision: 0, saved: { revision: 0, at: null } };

  /** A page that has typed a character, which its document has as revision 40 and has not saved. */
  async function typing(): Promise<FakeSocket> {
    const socket = await opened();
    const say = (message: object) => socket.say(JSON.stringify(message));
    say({ ...snapshot(), epoch: 'busy', revision: 39, saved: { revision: 39, at: null }, cells });
    client.sync.perform([{ op: 'edit-source', id: 'a', changes: [1, [0, '1']] }]);
    say({ type: 'ack', seq: 1, revision: 40 });
    expect(client.unsaved.value).toBe(true);
    return socket;
  }

  it('has nothing unsaved when the file has all of it', async () => {
    const socket = await typing();
    let isSaved = false;
    void client.whenSaved().then(() => (isSaved = true));
    socket.say(JSON.stringify({ ...snapshot(), ...next, cells: typed }));
    expect([client.unsaved.value, client.wouldLose]).toEqual([false, false]);
    await vi.waitFor(() => expect(isSaved).toBe(true));
  });

  it('has saved what it does again when the new document says so, and not earlier', async () => {
    const socket = await typing();
    let isSaved = false;
    void client.whenSaved().then(() => (isSaved = true));
    const saved = (revision: number) =>
      socket.say(JSON.stringify({ type: 'saved', epoch: 'next', revision, at: new Date().toISOString() }));
    socket.say(JSON.stringify({ ...snapshot(), ...next, revision: 50, cells }));
    expect(socket.sent.at(-1)).toContain('"ops"');
    saved(50);
    socket.say(JSON.stringify({ type: 'ack', seq: 2, revision: 51 }));
    await Promise.resolve();
    expect([client.unsaved.value, isSaved]).toEqual([true, false]);
    saved(51);
    expect([client.unsaved.value, client.wouldLose]).toEqual([false, false]);
    await vi.waitFor(() => expect(isSaved).toBe(true));
  });

  it('waits for the save of what the server has brought back from its journal', async () => {
    const socket = await typing();
    socket.say(JSON.stringify({ ...snapshot(), ...next, revision: 1, autosave: false, cells: typed }));
    expect([client.unsaved.value, client.wouldLose]).toEqual([true, false]);
    socket.say(JSON.stringify({ type: 'saved', epoch: 'next', revision: 1, at: new Date().toISOString() }));
    expect(client.unsaved.value).toBe(false);
  });
});

async function opened(): Promise<FakeSocket> {
  await expect.poll(() => FakeSocket.all.length).toBeGreaterThan(0);
  const [socket] = FakeSocket.all;
  if (socket === undefined) throw new Error('There is no socket.');
  socket.open();
  return socket;
}

function snapshot(): object {
  return {
    type: 'snapshot',
    epoch: 'e',
    now: Date.now(),
    revision: 0,
    path: 'a.ipynb',
    writable: true,
    metadata: {},
    cells: [],
    executions: {},
    untrusted: [],
    kernel: none,
    saved: { revision: 0, at: null },
    prompt: null,
    conflicts: [],
    autosave: true,
    last_checkpoint: null,
    widgets: {},
    seq: 0,
  };
}
