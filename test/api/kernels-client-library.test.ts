/** JupyterLab's own client library against Debian's ipykernel: all that a front end asks of a kernel. */
import { KernelManager, KernelMessage, ServerConnection } from '@jupyterlab/services';
import type { Kernel } from '@jupyterlab/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { startKernelServer } from '../fake-kernel/kernel-server.js';
import type { KernelServer } from '../fake-kernel/kernel-server.js';
import { hasPythonKernel } from '../parts.js';
import { everything } from '../tier.js';

describe.skipIf(!hasPythonKernel)('@jupyterlab/services', () => {
  let server: KernelServer;
  let manager: KernelManager;
  let kernel: Kernel.IKernelConnection;
  /** every websocket that the library opened */
  const sockets: WebSocket[] = [];
  beforeAll(async () => {
    server = await startKernelServer({ dataPath: ['/usr/share/jupyter'], limits: { restartDelays: [0] } });
    class Recorded extends WebSocket {
      constructor(address: string, protocols?: string | string[]) {
        super(address, protocols);
        sockets.push(this);
      }
    }
    const serverSettings = ServerConnection.makeSettings({
      baseUrl: server.url,
      wsUrl: server.wsUrl,
      WebSocket: Recorded as unknown as typeof globalThis.WebSocket,
      fetch,
    });
    manager = new KernelManager({ serverSettings });
    kernel = await manager.startNew({ name: 'python3' });
    await kernel.info;
  });
  afterAll(async () => {
    await manager.shutdownAll().catch(() => undefined); // one test has no kernel left
    manager.dispose();
    await server.close();
  });

  interface Ran {
    status: string;
    /** text of stdout and stderr */
    text: string;
    types: string[];
    data: Record<string, unknown>[];
  }
  async function run(code: string, on = kernel, stdin?: string): Promise<Ran> {
    const future = on.requestExecute({ code, allow_stdin: stdin !== undefined });
    const ran: Ran = { status: '', text: '', types: [], data: [] };
    future.onIOPub = (message) => {
      ran.types.push(message.header.msg_type);
      if (KernelMessage.isStreamMsg(message)) ran.text += message.content.text;
      if (KernelMessage.isExecuteResultMsg(message) || KernelMessage.isDisplayDataMsg(message))
        ran.data.push(message.content.data);
    };
    future.onStdin = (message) => {
      if (KernelMessage.isInputRequestMsg(message))
        future.sendInputReply({ value: stdin ?? '', status: 'ok' }, message.header);
    };
    ran.status = (await future.done).content.status;
    return ran;
  }

  /** Resolves when the kernel prints something. */
  function nextStream(): Promise<void> {
    return new Promise((resolve) => {
      kernel.iopubMessage.connect(function listen(_, message) {
        if (!KernelMessage.isStreamMsg(message)) return;
        kernel.iopubMessage.disconnect(listen);
        resolve();
      });
    });
  }

  it('runs cells: text, results and errors', async () => {
    expect(await run('print("a")\n6 * 7')).toMatchObject({
      status: 'ok',
      text: 'a\n',
      types: ['status', 'execute_input', 'stream', 'execute_result', 'status'],
      data: [{ 'text/plain': '42' }],
    });
    expect((await run('1 / 0')).status).toBe('error');
  });

  it('answers input()', async () => {
    expect((await run('print(input("Name? ")[::-1])', kernel, 'Ada')).text).toBe('adA\n');
  });

  it('completes, inspects, checks and remembers', async () => {
    await run('alphabet = "abc"', kernel);
    const complete = await kernel.requestComplete({ code: 'alphab', cursor_pos: 6 });
    expect(complete.content).toMatchObject({ status: 'ok', matches: ['alphabet'] });
    const inspect = await kernel.requestInspect({ code: 'len', cursor_pos: 3, detail_level: 0 });
    expect(inspect.content).toMatchObject({ status: 'ok', found: true });
    const isComplete = await kernel.requestIsComplete({ code: 'for i in x:' });
    expect(isComplete.content.status).toBe('incomplete');
    const history = await kernel.requestHistory({
      output: false,
      raw: true,
      hist_access_type: 'tail',
      n: 3,
    });
    expect(JSON.stringify(history.content)).toContain('alphabet');
  });

  it('talks over comms, with buffers both ways', async () => {
    await run(
      `from ipykernel.comm import Comm
def opened(comm, message):
    @comm.on_msg
    def received(message):
        comm.send(message["content"]["data"], buffers=[bytes(reversed(b)) for b in message["buffers"]])
get_ipython().kernel.comm_manager.register_target("reverse", opened)`,
    );
    const comm = kernel.createComm('reverse');
    const answer = new Promise<KernelMessage.ICommMsgMsg>((resolve) => (comm.onMsg = resolve));
    await comm.open({}).done;
    const big = new Uint8Array(200_000).map((_, i) => i % 251);
    await comm.send({ x: 1.5 }, undefined, [new Uint8Array([1, 2, 3]).buffer, big.buffer]).done;
    const { content, buffers } = await answer;
    expect(content.data).toEqual({ x: 1.5 });
    const bytes = (buffers ?? []).map((part) => {
      const view = part as ArrayBufferView;
      return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    });
    expect(bytes[0]).toEqual(new Uint8Array([3, 2, 1]));
    expect(Buffer.compare(bytes[1] ?? new Uint8Array(), big.reverse())).toBe(0);
    comm.dispose();
  });

  it('is interrupted', async () => {
    const sleeping = run('import time\nprint("go", flush=True)\ntime.sleep(60)');
    await nextStream();
    await kernel.interrupt();
    expect((await sleeping).status).toBe('error');
  });

  it('serves two clients: both see the output, the reply goes to the one that asked', async () => {
    const other = manager.connectTo({ model: kernel.model });
    await other.info;
    let seen = '';
    other.iopubMessage.connect((_, message) => {
      if (KernelMessage.isStreamMsg(message)) seen += message.content.text;
    });
    const [mine, theirs] = await Promise.all([run('print("mine")'), run('print("theirs")', other)]);
    expect([mine.text, theirs.text]).toEqual(['mine\n', 'theirs\n']);
    // whose request arrived first, nobody says
    await expect.poll(() => seen.split('\n').sort()).toEqual(['', 'mine', 'theirs']);
    other.dispose();
  });

  it.runIf(everything)('gets 10,000 streams in order, and 20 MB in one output', async () => {
    const streams = await run(
      `import sys
for i in range(10000):
    sys.stdout.write(f"{i} "); sys.stdout.flush()`,
    );
    expect(streams.text).toBe(Array.from({ length: 10_000 }, (_, i) => `${i} `).join(''));
    const big = await run(
      'from IPython.display import display, Markdown\ndisplay(Markdown("x" * 20_000_000))',
    );
    expect(String(big.data[0]?.['text/markdown'])).toHaveLength(20_000_000);
  });

  it('gets what came while its websocket was lost', async () => {
    const future = run('import time\nfor i in range(20):\n    print(i, flush=True); time.sleep(0.05)');
    await nextStream();
    const open = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN);
    expect(open).toHaveLength(1);
    open[0]?.terminate();
    const { status, text } = await future;
    expect(status).toBe('ok');
    // What was on its way when the connection broke may come twice.
    const lines = text.trim().split('\n');
    expect(lines.filter((line, i) => lines.indexOf(line) === i)).toEqual(
      Array.from({ length: 20 }, (_, i) => String(i)),
    );
  });

  it('goes on after os._exit, and after a restart', async () => {
    const states: string[] = [];
    kernel.statusChanged.connect((_, status) => void states.push(status));
    const dying = kernel.requestExecute({ code: 'import os; os._exit(1)' });
    dying.done.catch(() => undefined); // it is cancelled when the kernel starts again
    await expect.poll(() => states.join(' ')).toMatch(/restarting.*idle/);
    await expect.poll(async () => (await run('print("back")')).text).toBe('back\n');
    await kernel.restart();
    expect((await run('print("again")')).text).toBe('again\n');
  });
});
