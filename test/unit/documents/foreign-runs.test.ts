/** Cells that another client runs: what is kept of them until they are done, and who writes it down. */
import { beforeEach, expect, it } from 'vitest';
import { ForeignRuns } from '../../../src/documents/foreign-runs.js';
import type { ForeignRun } from '../../../src/documents/foreign-runs.js';
import type { Kernel } from '../../../src/kernels/index.js';
import { makeMessage } from '../../../src/kernels/message-factory.js';
import { silentLog } from '../../../src/log.js';
import type { KernelChannel } from '../../../src/protocol/wire-frames.js';

const listeners = {
  client: (..._: Parameters<Parameters<Kernel['onClient']>[0]>) => {},
  message: (..._: Parameters<Parameters<Kernel['onMessage']>[0]>) => {},
  state: () => {},
};
const kernel = {
  id: 'k',
  state: 'idle' as Kernel['state'],
  isShutDown: false,
  clientSessions: new Set<string>(),
  onClient(listener: typeof listeners.client) {
    listeners.client = listener;
    return { close() {} };
  },
  onMessage(listener: typeof listeners.message) {
    listeners.message = listener;
    return { close() {} };
  },
  onState(listener: () => void) {
    listeners.state = listener;
    return { close() {} };
  },
};
let recorded: { cell: string; run: ForeignRun; path: string }[];
let sessions: { path: string; kernel: typeof kernel }[];
let sessionsChanged: () => void;
let runs: ForeignRuns;
beforeEach(() => {
  recorded = [];
  sessions = [{ path: 'a.ipynb', kernel }];
  kernel.state = 'idle';
  kernel.isShutDown = false;
  kernel.clientSessions = new Set(['lab']);
  runs = new ForeignRuns({
    sessions: {
      list: () => sessions,
      onChange(listener) {
        sessionsChanged = listener;
        return { close() {} };
      },
    },
    documents: {
      open: (path) =>
        Promise.resolve({ recordForeign: (cell, run) => recorded.push({ cell, run, path }) > 0 }),
    },
    log: silentLog,
  });
});

/** JupyterLab runs a cell. @returns what says a message of the kernel about it */
function run(cell: string) {
  const { message, header } = makeMessage('lab', 'execute_request', { metadata: { cellId: cell } });
  listeners.client('lab', message, header);
  return (channel: KernelChannel, type: string, content: object) => {
    const said = makeMessage('kernel', type, { content, parentHeader: header });
    listeners.message(channel, said.message, said.header);
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const texts = ({ messages }: ForeignRun) =>
  messages.map(({ content }) => (JSON.parse(Buffer.from(content).toString()) as { text: string }).text);

it('is written down by the server when the client is gone at the end, and else by the client', async () => {
  for (const isThere of [true, false]) {
    kernel.clientSessions = new Set(['lab']);
    const say = run(String(isThere));
    say('iopub', 'stream', { text: 'a' });
    if (!isThere) kernel.clientSessions = new Set();
    say('iopub', 'status', { execution_state: 'idle' });
  }
  await settled();
  expect(recorded.map(({ cell, run }) => [cell, texts(run), run.status])).toEqual([['false', ['a'], 'ok']]);
});

it('is kept in memory of its own, counted, and says where it was cut', async () => {
  const say = run('c');
  kernel.clientSessions = new Set();
  for (let i = 0; i < 16_000; i++) say('iopub', 'stream', { text: 'x'.repeat(2000) });
  say('iopub', 'status', { execution_state: 'idle' });
  await settled();
  const messages = recorded[0]?.run.messages ?? [];
  expect(messages.length).toBeGreaterThan(13_000);
  expect(messages.length).toBeLessThan(14_500);
  expect(messages.every(({ content }) => content.buffer.byteLength === content.length)).toBe(true);
  expect(String(Buffer.from(messages.at(-1)?.content ?? []))).toContain('too much to keep');
});

it.each(['restarting', 'dead'] as const)(
  'whose end never comes because the kernel is %s is written down so far, and followed no more',
  async (state) => {
    const lost = run('lost');
    lost('iopub', 'stream', { text: 'half' });
    run('waits');
    kernel.clientSessions = new Set();
    kernel.state = state;
    listeners.state();
    lost('iopub', 'stream', { text: 'late' });
    lost('iopub', 'status', { execution_state: 'idle' });
    await settled();
    expect(recorded.map(({ cell, run }) => [cell, texts(run), run.status])).toEqual([
      ['lost', ['half'], 'aborted'],
    ]);
  },
);

it('of a kernel that is shut down is written down to its last words, where the notebook was', async () => {
  const say = run('c');
  say('iopub', 'stream', { text: 'a' });
  kernel.clientSessions = new Set();
  sessions = [{ path: 'renamed.ipynb', kernel }];
  sessionsChanged();
  kernel.isShutDown = true;
  sessions = [];
  sessionsChanged();
  say('iopub', 'stream', { text: 'last words' });
  kernel.state = 'dead';
  listeners.state();
  await settled();
  expect(recorded.map(({ path, run }) => [path, texts(run), run.status])).toEqual([
    ['renamed.ipynb', ['a', 'last words'], 'aborted'],
  ]);
});

it('is written down when the server stops, if the client was away before', async () => {
  const [heard, missed] = [run('heard'), run('missed')];
  heard('iopub', 'stream', { text: 'a' });
  kernel.clientSessions = new Set();
  missed('iopub', 'stream', { text: 'b' });
  await runs.close();
  expect(recorded.map(({ cell, run }) => [cell, texts(run), run.status])).toEqual([
    ['missed', ['b'], 'aborted'],
  ]);
});
