import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { javascriptKernelspec } from '../../../src/javascript-kernel/kernelspec.js';
import { bundledKernel, KernelClient } from './kernel-client.js';

describe('the protocol of the JavaScript kernel', () => {
  let kernel: KernelClient;
  beforeAll(async () => {
    kernel = await KernelClient.start({ env: { NO_COLOR: '1' } });
  });
  afterAll(() => kernel.close());

  it('tells what it is', async () => {
    expect(await kernel.request('shell', 'kernel_info_request')).toMatchObject({
      status: 'ok',
      protocol_version: '5.3',
      implementation: 'nbserver-javascript',
      language_info: {
        name: 'javascript',
        file_extension: '.js',
        mimetype: 'text/javascript',
        codemirror_mode: 'javascript',
      },
      supported_features: [],
    });
  });

  it('wraps every request in busy and idle', async () => {
    for (const [type, content] of [
      ['kernel_info_request', {}],
      ['comm_info_request', {}],
      ['history_request', { hist_access_type: 'tail', n: 1 }],
      ['complete_request', { code: 'a', cursor_pos: 1 }],
      ['is_complete_request', { code: '1' }],
      ['execute_request', { code: '1' }],
      ['unheard_of_request', {}],
    ] as const) {
      const id = kernel.send('shell', type, content);
      await kernel.idle(id);
      const iopub = kernel.messages.filter((one) => one.parent === id && one.channel === 'iopub');
      const states = iopub.filter((one) => one.type === 'status').map((one) => one.content.execution_state);
      expect(states, type).toEqual(['busy', 'idle']);
      expect(iopub.at(-1)?.type).toBe('status');
    }
  });

  it('broadcasts inputs and counts them', async () => {
    const { reply, id } = await kernel.execute('1');
    const input = await kernel.find((one) => one.parent === id && one.type === 'execute_input');
    expect(input.content).toEqual({ code: '1', execution_count: reply.execution_count });
    const next = await kernel.execute('2');
    expect(next.reply.execution_count).toBe(Number(reply.execution_count) + 1);
  });

  it('neither counts nor shows what is silent, nor keeps what is not for the history', async () => {
    const before = await kernel.execute('1');
    const silent = await kernel.execute('2', { silent: true });
    expect(silent.outputs).toEqual([]);
    expect(kernel.messages.some((one) => one.parent === silent.id && one.type === 'execute_input')).toBe(
      false,
    );
    const unkept = await kernel.execute('"unkept"', { store_history: false });
    expect(unkept.result).toBe("'unkept'");
    const after = await kernel.execute('3');
    expect(after.reply.execution_count).toBe(Number(before.reply.execution_count) + 1);
    const history = await kernel.request('shell', 'history_request', { hist_access_type: 'tail', n: 2 });
    const sources = (history.history as [number, number, string][]).map(([, , source]) => source);
    expect(sources).toEqual(['1', '3']);
  });

  it('evaluates user expressions', async () => {
    const { reply } = await kernel.execute('let u = 4', { user_expressions: { good: 'u + 1', bad: 'nope' } });
    expect(reply.user_expressions).toMatchObject({
      good: { status: 'ok', data: { 'text/plain': '5' } },
      bad: { status: 'error', ename: 'ReferenceError' },
    });
  });

  it('aborts what was queued before an error, and nothing sent after it', async () => {
    const ids = ['1', 'throw new Error("stop")', '2', '3'].map((code) => kernel.executeNow(code));
    const replies = [];
    for (const id of ids) replies.push((await kernel.done(id)).reply.status);
    expect(replies).toEqual(['ok', 'error', 'aborted', 'aborted']);
    expect((await kernel.execute('4')).reply.status).toBe('ok');
  });

  it('goes on after an error when asked to', async () => {
    const first = kernel.executeNow('throw 1', { stop_on_error: false });
    const second = kernel.executeNow('2');
    expect((await kernel.done(first)).reply.status).toBe('error');
    expect((await kernel.done(second)).reply.status).toBe('ok');
  });

  it('asks the person and waits for the answer', async () => {
    kernel.answers = ['Ada', '', 'y', 'secret'];
    expect((await kernel.execute('prompt("Name?")')).result).toBe("'Ada'");
    expect((await kernel.execute('prompt("Name?", "Grace")')).result).toBe("'Grace'");
    expect((await kernel.execute('confirm("Sure?")')).result).toBe('true');
    const hidden = await kernel.execute('prompt("Password:", "", { password: true })');
    expect(hidden.result).toBe("'secret'");
    const asked = kernel.messages.filter((one) => one.type === 'input_request').map((one) => one.content);
    expect(asked).toEqual([
      { prompt: 'Name? ', password: false },
      { prompt: 'Name? (Grace) ', password: false },
      { prompt: 'Sure? [y/N] ', password: false },
      { prompt: 'Password: ', password: true },
    ]);
  });

  it('refuses to ask where nobody can answer', async () => {
    const { error } = await kernel.execute('prompt("x")', { allow_stdin: false });
    expect(error?.evalue).toContain('needs somebody to answer');
  });

  it('closes comms that nobody awaits', async () => {
    const id = kernel.send('shell', 'comm_open', { comm_id: 'c1', target_name: 'x', data: {} });
    const close = await kernel.find((one) => one.parent === id && one.type === 'comm_close');
    expect(close.content.comm_id).toBe('c1');
    expect(await kernel.request('shell', 'comm_info_request')).toEqual({ status: 'ok', comms: {} });
  });

  it('ignores messages with a wrong signature, and broken ones', async () => {
    const empty = Buffer.from('{}');
    const header = Buffer.from(
      JSON.stringify({ msg_id: 'forged', msg_type: 'execute_request', session: 's' }),
    );
    const code = Buffer.from(JSON.stringify({ code: 'globalThis.forged = true' }));
    const delimiter = Buffer.from('<IDS|MSG>');
    kernel.sendFrames('shell', [delimiter, Buffer.from('0'.repeat(64)), header, empty, empty, code]);
    kernel.sendFrames('shell', [delimiter, Buffer.from(''), header]);
    kernel.sendFrames('shell', [Buffer.from('noise')]);
    expect((await kernel.execute('typeof forged')).result).toBe("'undefined'");
    expect(kernel.messages.some((one) => one.parent === 'forged')).toBe(false);
  });
});

describe('the life of the JavaScript kernel', () => {
  it.each([true, false])('shuts down with code 0 (restart: %s), also while a cell spins', async (restart) => {
    const kernel = await KernelClient.start();
    try {
      if (restart) {
        const id = kernel.executeNow('console.log("begun"); for (;;);');
        await kernel.find((one) => one.parent === id && one.type === 'stream', 'the first line');
      }
      kernel.send('control', 'shutdown_request', { restart });
      const reply = await kernel.find((one) => one.channel === 'control' && one.type === 'shutdown_reply');
      expect(reply.content).toEqual({ status: 'ok', restart });
      expect(await kernel.exited).toEqual({ code: 0, signal: null });
    } finally {
      await kernel.close();
    }
  });

  it('sends what was printed before process.exit()', async () => {
    const kernel = await KernelClient.start();
    try {
      const id = kernel.executeNow('console.log("last words"); process.exit(3)');
      expect(await kernel.exited).toEqual({ code: 3, signal: null });
      await kernel.find((one) => one.parent === id && one.type === 'stream').catch(() => undefined);
      expect(kernel.soFar(id).stdout).toBe('last words\n');
    } finally {
      await kernel.close();
    }
  });

  it('ends when its server is gone, also while a cell spins', async () => {
    const server = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const kernel = await KernelClient.start({ env: { JPY_PARENT_PID: String(server.pid) } });
    try {
      const id = kernel.executeNow('console.log("begun"); for (;;);');
      await kernel.find((one) => one.parent === id && one.type === 'stream', 'the first line');
      server.kill('SIGKILL');
      expect(await kernel.exited).toEqual({ code: 0, signal: null });
    } finally {
      server.kill('SIGKILL');
      await kernel.close();
    }
  });

  it('survives errors that nobody caught', async () => {
    const kernel = await KernelClient.start({ env: { NO_COLOR: '1' } });
    try {
      const cell = await kernel.execute(
        'setTimeout(() => { throw new Error("in a timer") }, 1); Promise.reject(new Error("unhandled")); 1',
      );
      expect(cell.reply.status).toBe('ok');
      const has =
        (text: string) =>
        (one: { type: string; parent: string | undefined; content: Record<string, unknown> }) =>
          one.type === 'error' && one.parent === cell.id && one.content.evalue === text;
      await kernel.find(has('unhandled'));
      await kernel.find(has('in a timer'));
      expect((await kernel.execute('1')).reply.status).toBe('ok');
    } finally {
      await kernel.close();
    }
  });

  it('works without a key', async () => {
    const kernel = await KernelClient.start({ key: '' });
    try {
      expect((await kernel.execute('1')).reply.status).toBe('ok');
    } finally {
      await kernel.close();
    }
  });

  it('starts by its kernelspec, from the sources', async () => {
    const spec = javascriptKernelspec();
    expect(spec).toMatchObject({
      name: 'javascript',
      displayName: 'JavaScript (Node.js)',
      interruptMode: 'message',
    });
    expect(spec.argv.at(-1)).toBe('{connection_file}');
    const kernel = await KernelClient.start({ argv: spec.argv.slice(0, -1), env: { NO_COLOR: '1' } });
    try {
      expect((await kernel.execute('const x: number = 2; x')).result).toBe('2');
      const { error } = await kernel.execute('throw new Error("x")');
      expect(error?.traceback.at(-1)).toMatch(/at Cell In\[2\]:1:7$/);
    } finally {
      await kernel.close();
    }
  });

  it('says how it is used when started by hand', async () => {
    const child = spawn(process.execPath, [await bundledKernel()], { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(2);
    expect(text).toContain('CONNECTION_FILE');
  });
});
