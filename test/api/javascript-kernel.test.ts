/** The package's own kernel through the server: the only one there is, started, run, interrupted, restarted. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { KernelspecsModel, SessionModel } from '../../src/protocol/rest-models.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';

interface Received {
  channel: string;
  msg_type: string;
  parent_header: { msg_id?: string };
  content: Record<string, unknown>;
}

describe('the JavaScript kernel in the server', () => {
  let test: TestServer;
  let session: SessionModel;
  let socket: WebSocket;
  const received: Received[] = [];
  let wake = () => {};

  beforeAll(async () => {
    test = await startTestServer({ onlyOwnKernel: true, allowed_kernelspecs: ['javascript'] });
    const made = await post('api/sessions', {
      path: 'a.ipynb',
      name: '',
      type: 'notebook',
      kernel: { name: 'javascript' },
    });
    expect(made.status).toBe(201);
    session = (await made.json()) as SessionModel;
    const url = `${test.url.replace(/^http/, 'ws')}api/kernels/${session.kernel.id}/channels?session_id=s&token=${TOKEN}`;
    socket = new WebSocket(url);
    socket.on('message', (data: Buffer) => {
      received.push(JSON.parse(data.toString()) as Received);
      wake();
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  });
  afterAll(async () => {
    socket?.terminate();
    await test?.close();
  });

  function post(path: string, body: unknown): Promise<Response> {
    return test.fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async function find(fits: (message: Received) => boolean): Promise<Received> {
    for (;;) {
      const found = received.find(fits);
      if (found) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  let count = 0;
  function send(code: string): string {
    const msg_id = `m${++count}`;
    const header = {
      msg_id,
      msg_type: 'execute_request',
      session: 's',
      username: '',
      date: new Date().toISOString(),
      version: '5.3',
    };
    const content = {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    };
    socket.send(
      JSON.stringify({ header, parent_header: {}, metadata: {}, content, buffers: [], channel: 'shell' }),
    );
    return msg_id;
  }

  async function run(code: string): Promise<{ reply: Record<string, unknown>; outputs: Received[] }> {
    const id = send(code);
    const of = (one: Received) => one.parent_header.msg_id === id;
    const reply = await find((one) => of(one) && one.msg_type === 'execute_reply');
    await find((one) => of(one) && one.msg_type === 'status' && one.content.execution_state === 'idle');
    const outputs = received.filter(
      (one) => of(one) && !['status', 'execute_input', 'execute_reply'].includes(one.msg_type),
    );
    return { reply: reply.content, outputs };
  }

  it('is the only and the default kernel where no other is installed', async () => {
    const specs = (await (await test.fetch('api/kernelspecs')).json()) as KernelspecsModel;
    expect(specs.default).toBe('javascript');
    expect(Object.keys(specs.kernelspecs)).toEqual(['javascript']);
    expect(specs.kernelspecs.javascript?.spec).toMatchObject({
      display_name: 'JavaScript (Node.js)',
      language: 'javascript',
      interrupt_mode: 'message',
    });
    const logo = specs.kernelspecs.javascript?.resources['logo-svg'];
    expect(logo).toBeDefined();
    const picture = await fetch(new URL(logo ?? '', test.url), {
      headers: { Authorization: `token ${TOKEN}` },
    });
    expect(await picture.text()).toContain('<svg');
  });

  it('runs cells in the folder of the notebook', async () => {
    writeFileSync(join(test.notebooks, 'helper.mjs'), 'export const answer = 42;');
    const { reply, outputs } = await run(
      'import { answer } from "./helper.mjs"; console.log("printed"); answer',
    );
    expect(reply.status).toBe('ok');
    expect(outputs.map((one) => one.msg_type)).toEqual(['stream', 'execute_result']);
    expect(outputs[1]?.content.data).toEqual({ 'text/plain': '\x1b[33m42\x1b[39m' });
  });

  it('is interrupted over REST and keeps its state', async () => {
    const id = send('let kept = 1; console.log("begun"); while (true) {}');
    await find((one) => one.parent_header.msg_id === id && one.msg_type === 'stream');
    expect((await test.fetch(`api/kernels/${session.kernel.id}/interrupt`, { method: 'POST' })).status).toBe(
      204,
    );
    const reply = await find((one) => one.parent_header.msg_id === id && one.msg_type === 'execute_reply');
    expect(reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
    expect((await run('kept + 1')).reply.status).toBe('ok');
  });

  it('is restarted, and has forgotten everything', async () => {
    expect((await test.fetch(`api/kernels/${session.kernel.id}/restart`, { method: 'POST' })).status).toBe(
      200,
    );
    const { outputs } = await run('typeof kept');
    expect(outputs[0]?.content.data).toEqual({ 'text/plain': "\x1b[32m'undefined'\x1b[39m" });
  });
});
