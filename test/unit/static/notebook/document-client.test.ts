/** What the page says of a kernel that is to be started, and of a server whose clock differs from this machine's. */
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
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

async function opened(): Promise<FakeSocket> {
  await vi.waitFor(() => expect(FakeSocket.all.length).toBeGreaterThan(0));
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
