import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ExecutionQueue, type QueueKernel, type QueuePort } from '../../../src/documents/execution-queue.js';
import { OutputRecorder } from '../../../src/documents/output-recorder.js';
import { HttpError } from '../../../src/http-error.js';
import { NotebookState } from '../../../src/notebook/notebook-state.js';
import { applyAll, type Operation } from '../../../src/notebook/operations.js';
import type { Cell, CellId } from '../../../src/notebook/types.js';
import type { Prompt } from '../../../src/protocol/document-messages.js';
import type { KernelChannel, WireMessage } from '../../../src/protocol/wire-frames.js';

interface Request {
  id: string;
  code: string;
  stop_on_error: boolean;
  allow_stdin: boolean;
}

let state: NotebookState;
let queue: ExecutionQueue;
let port: QueuePort;
let recorder: OutputRecorder;
let requests: Request[];
let replies: { value: string; parent: string }[];
let interrupts: number;
let prompts: (Prompt | null)[];
let payloads: string[];
let ended: number;
let kernel: () => Promise<QueueKernel>;

const fake: QueueKernel = {
  request(_channel, _type, content) {
    const id = `request-${requests.length}`;
    requests.push({ id, ...(content as Omit<Request, 'id'>) });
    return id;
  },
  replyInput(value, header) {
    replies.push({ value, parent: Buffer.from(header as Uint8Array).toString() });
  },
  async interrupt() {
    interrupts += 1;
  },
};

function cell(id: CellId, source: string, fields: Partial<Cell> = {}): Cell {
  return { id, cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null, ...fields };
}
const emit = (ops: Operation[]) => void applyAll(state, ops);
function say(channel: KernelChannel, type: string, content: object, request = requests.at(-1)): void {
  const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
  const message: WireMessage = {
    identities: [],
    header: bytes({ msg_id: 'of the kernel', msg_type: type }),
    parentHeader: bytes({ msg_id: request?.id }),
    metadata: bytes({}),
    content: bytes(content),
    buffers: [],
  };
  queue.message(channel, message, type, request?.id ?? '');
}
const idle = (request?: Request) =>
  say('iopub', 'status', { execution_state: 'idle' }, request ?? requests.at(-1));
const reply = (content: object) =>
  say('shell', 'execute_reply', { status: 'ok', execution_count: 1, ...content });
const run = (id: CellId) => state.cell(id)?.run;
/** Lets the promise of the kernel come through. */
const turn = () => vi.advanceTimersByTimeAsync(0);
async function finish(content: object = {}): Promise<void> {
  reply(content);
  idle();
  await turn();
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  state = NotebookState.fromCells({}, [
    cell('a', 'first'),
    cell('text', '# no code', { cell_type: 'markdown' }),
    cell('b', 'second', { execution_count: 9 }),
    cell('empty', ' \n', {
      outputs: [{ output_type: 'stream', name: 'stdout', text: 'old' }],
      execution_count: 3,
    }),
    cell('c', 'third'),
  ]);
  [requests, replies, prompts, payloads] = [[], [], [], []];
  [interrupts, ended] = [0, 0];
  kernel = async () => fake;
  recorder = new OutputRecorder({ state: () => state, emit });
  port = {
    state: () => state,
    emit,
    kernel: () => kernel(),
    starts: () => undefined,
    ended: () => (ended += 1),
    prompt: (prompt) => prompts.push(prompt),
    payload: (id, payload) => payloads.push(`${id} ${payload.source}`),
  };
  queue = new ExecutionQueue(port, recorder);
});
afterEach(() => {
  queue.close();
  recorder.close();
  vi.useRealTimers();
});

describe('ExecutionQueue', () => {
  it('runs one cell after the other, and leaves out what is no code', async () => {
    queue.enqueue(['a', 'text', 'b', 'gone']);
    await turn();
    expect(requests.map(({ code }) => code)).toEqual(['first']);
    expect(run('a')).toEqual({ state: 'running', count: null, started: 1_000_000 });
    expect(run('b')).toEqual({ state: 'queued', count: 9 });
    await vi.advanceTimersByTimeAsync(30);
    await finish({ execution_count: 4 });
    expect(run('a')).toEqual({
      state: 'idle',
      count: 4,
      started: 1_000_000,
      finished: 1_000_030,
      status: 'ok',
    });
    expect(requests.map(({ code }) => code)).toEqual(['first', 'second']);
    expect(run('b')?.state).toBe('running');
    await finish({ execution_count: 5 });
    expect(queue.isBusy).toBe(false);
    expect(ended).toBe(2);
  });

  it('takes the source when the turn of a cell comes', async () => {
    queue.enqueue(['a', 'b']);
    await turn();
    applyAll(state, [{ op: 'edit-source', id: 'b', changes: [[6, 'changed']] }]);
    await finish();
    applyAll(state, [{ op: 'edit-source', id: 'b', changes: [[7, 'too late']] }]);
    expect(requests[1]?.code).toBe('changed');
  });

  it('waits for the reply and for the end of the output', async () => {
    queue.enqueue(['a', 'b']);
    await turn();
    idle();
    await turn();
    expect(requests).toHaveLength(1);
    reply({});
    await turn();
    expect(requests).toHaveLength(2);
    reply({});
    await vi.advanceTimersByTimeAsync(9_000);
    expect(run('b')?.state).toBe('running');
    // A kernel that never says it is idle does not hold up the queue for ever.
    await vi.advanceTimersByTimeAsync(2_000);
    expect(run('b')?.state).toBe('idle');
  });

  it('takes a cell whose output still comes for one that runs, within reason', async () => {
    for (const isEndless of [false, true]) {
      queue.enqueue(['a']);
      await turn();
      reply({});
      for (let i = 0; i < 15; i++) {
        say('iopub', 'stream', { name: 'stdout', text: 'more' });
        await vi.advanceTimersByTimeAsync(9_000);
      }
      expect(run('a')?.state).toBe('running');
      if (!isEndless) {
        idle();
        await turn();
      }
      for (let i = 0; i < 60; i++) {
        say('iopub', 'stream', { name: 'stdout', text: 'a thread' });
        await vi.advanceTimersByTimeAsync(9_000);
      }
      expect(run('a')?.state).toBe('idle');
    }
  });

  it('clears an empty cell without asking the kernel', async () => {
    queue.enqueue(['empty', 'a']);
    await turn();
    expect(state.cell('empty')?.cell).toMatchObject({ outputs: [], execution_count: null });
    expect(requests.map(({ code }) => code)).toEqual(['first']);
  });

  it('takes out what waits after an error, and says why', async () => {
    queue.enqueue(['a', 'b', 'c']);
    await turn();
    await finish({ status: 'error', ename: 'E', evalue: '', traceback: [] });
    expect(run('a')?.status).toBe('error');
    for (const id of ['b', 'c']) {
      expect(run(id)).toMatchObject({
        state: 'idle',
        status: 'cancelled',
        reason: 'Not run: a cell before it failed.',
      });
    }
    expect(run('b')?.count).toBe(9);
    expect(requests).toHaveLength(1);
  });

  it('goes on behind an error that the cell is tagged for', async () => {
    applyAll(state, [{ op: 'set-metadata', id: 'a', metadata: { tags: ['raises-exception'] } }]);
    queue.enqueue(['a', 'b']);
    await turn();
    expect(requests[0]?.stop_on_error).toBe(false);
    await finish({ status: 'error', ename: 'E' });
    expect(requests.map(({ code }) => code)).toEqual(['first', 'second']);
    expect(requests[1]?.stop_on_error).toBe(true);
  });

  it.each(['aborted', 'abort'])(
    'sends a cell again that the kernel answers with %s, once',
    async (status) => {
      queue.enqueue(['a', 'b']);
      await turn();
      await finish({ status });
      expect(requests.map(({ code }) => code)).toEqual(['first', 'first']);
      await finish({ status });
      expect(run('a')?.status).toBe('aborted');
      expect(run('b')?.status).toBe('cancelled');
    },
  );

  it('interrupts what runs and takes out what waits', async () => {
    queue.enqueue(['a', 'b']);
    await turn();
    await queue.interrupt();
    expect(interrupts).toBe(1);
    expect(run('b')).toMatchObject({ status: 'cancelled', reason: 'Interrupted before it ran.' });
    await finish({ status: 'error', ename: 'KeyboardInterrupt' });
    expect(run('a')?.status).toBe('error');
  });

  it('clears everything with the reason when the kernel is lost', async () => {
    queue.enqueue(['a', 'b']);
    await turn();
    const [before] = requests;
    queue.kernelLost('It ran out of memory.');
    expect(run('a')).toMatchObject({ state: 'idle', status: 'aborted', reason: 'It ran out of memory.' });
    expect(run('b')).toMatchObject({ state: 'idle', status: 'cancelled', reason: 'It ran out of memory.' });
    say('shell', 'execute_reply', { status: 'ok', execution_count: 5 }, before);
    expect(run('a')?.status).toBe('aborted');
    queue.enqueue(['b']);
    await turn();
    expect(run('b')?.state).toBe('running');
  });

  it('says on each cell why there is no kernel', async () => {
    kernel = async () => {
      throw new HttpError(501, 'The kernel "R" is not installed here.');
    };
    queue.enqueue(['a', 'b']);
    await turn();
    for (const id of ['a', 'b']) {
      expect(run(id)).toMatchObject({ status: 'cancelled', reason: 'The kernel "R" is not installed here.' });
    }
    expect(queue.isBusy).toBe(false);
  });

  it('does not start a cell that was interrupted while its kernel started', async () => {
    let start: (kernel: QueueKernel) => void = () => undefined;
    kernel = () => new Promise((resolve) => (start = resolve));
    queue.enqueue(['a']);
    await queue.interrupt();
    start(fake);
    await turn();
    expect(requests).toEqual([]);
    expect(run('a')?.status).toBe('cancelled');
  });

  it('lets a cell wait for a kernel that starts again, and does not run it when there is none in the end', async () => {
    let [start, fail]: [(kernel: QueueKernel) => void, (error: Error) => void] = [
      () => undefined,
      () => undefined,
    ];
    kernel = () => new Promise((resolve, reject) => ([start, fail] = [resolve, reject]));
    queue.enqueue(['a', 'b']);
    queue.kernelLost('The kernel was restarted.');
    start(fake);
    await turn();
    expect(run('a')?.state).toBe('running');
    await finish();
    fail(new HttpError(500, 'The kernel did not start.'));
    await turn();
    expect(run('b')).toMatchObject({ status: 'cancelled', reason: 'The kernel did not start.' });
  });

  it('runs a cell again that is asked for while it runs', async () => {
    queue.enqueue(['a']);
    await turn();
    queue.enqueue(['a', 'a']);
    expect(run('a')?.state).toBe('running');
    reply({});
    idle();
    expect(run('a')?.state).toBe('queued');
    await turn();
    expect(requests).toHaveLength(2);
    await finish();
    expect(queue.isBusy).toBe(false);
  });

  it('asks for input, echoes the answer, and hides a password', async () => {
    queue.enqueue(['a']);
    await turn();
    say('stdin', 'input_request', { prompt: 'Name: ', password: false });
    expect(queue.prompt).toEqual({ cell: 'a', prompt: 'Name: ', password: false });
    expect(queue.answer('Ada')).toBe(true);
    expect(queue.answer('twice')).toBe(false);
    expect(JSON.parse(replies[0]?.parent ?? '')).toEqual({
      msg_id: 'of the kernel',
      msg_type: 'input_request',
    });
    say('stdin', 'input_request', { prompt: 'Password: ', password: true });
    queue.answer('secret');
    recorder.flush();
    expect(state.cell('a')?.cell.outputs).toMatchObject([{ text: 'Name: Ada\nPassword: ········\n' }]);
    say('stdin', 'input_request', { prompt: '?', password: false });
    await queue.interrupt();
    expect(prompts.at(-1)).toBeNull();
    expect(replies.map(({ value }) => value)).toEqual(['Ada', 'secret']);
  });

  it('passes payloads on', async () => {
    queue.enqueue(['a']);
    await turn();
    await finish({
      payload: [
        { source: 'page', data: {} },
        { source: 'set_next_input', text: 'x' },
      ],
    });
    expect(payloads).toEqual(['a page', 'a set_next_input']);
  });

  it('forgets a cell that is deleted while it waits, and one that becomes text', async () => {
    queue.enqueue(['a', 'b', 'c']);
    await turn();
    applyAll(state, [
      { op: 'delete-cell', id: 'b' },
      { op: 'set-cell-type', id: 'c', cell_type: 'raw' },
    ]);
    await finish();
    expect(requests).toHaveLength(1);
    expect(queue.isBusy).toBe(false);
  });

  it('takes single cells out that wait, and goes on with the others', async () => {
    queue.enqueue(['a', 'b', 'c']);
    await turn();
    expect([queue.running, queue.waiting]).toEqual(['a', ['b', 'c']]);
    queue.cancel(['a', 'b']);
    expect(run('b')).toMatchObject({ state: 'idle', status: 'cancelled', reason: 'Taken out of the queue.' });
    expect(run('a')?.state).toBe('running');
    await finish();
    expect(requests.map(({ code }) => code)).toEqual(['first', 'third']);
  });

  it('goes on behind an error where errors are allowed, and refuses input where nobody is there', async () => {
    queue.enqueue(['a', 'b'], { allowErrors: true, allowStdin: false });
    await turn();
    await finish({ status: 'error' });
    expect(requests).toMatchObject([
      { code: 'first', allow_stdin: false, stop_on_error: false },
      { code: 'second' },
    ]);
  });

  it('does not run a cell after all that was interrupted while it waited behind a cell of another client', async () => {
    queue.enqueue(['a', 'b']);
    await turn();
    await queue.interrupt();
    await finish({ status: 'aborted' });
    expect(requests.map(({ code }) => code)).toEqual(['first']);
    expect([run('a')?.status, run('b')?.status]).toEqual(['aborted', 'cancelled']);
    expect(queue.isBusy).toBe(false);
  });

  it('sends the source again as it was when the cell started', async () => {
    queue.enqueue(['a']);
    await turn();
    applyAll(state, [{ op: 'edit-source', id: 'a', changes: [[5, 'changed']] }]);
    await finish({ status: 'aborted' });
    expect(requests.map(({ code }) => code)).toEqual(['first', 'first']);
  });

  it('writes the times of a run into the metadata of its cell only when it is told to', async () => {
    const record = async () => {
      queue.enqueue(['a']);
      await turn();
      say('iopub', 'status', { execution_state: 'busy' });
      say('iopub', 'execute_input', { code: 'first', execution_count: 1 });
      await finish();
      return state.cell('a')?.cell.metadata;
    };
    expect(await record()).toEqual({});
    port.recordTiming = true;
    expect(Object.keys((await record())?.['execution'] ?? {})).toEqual([
      'iopub.status.busy',
      'iopub.execute_input',
      'shell.execute_reply',
      'iopub.status.idle',
    ]);
  });
});
