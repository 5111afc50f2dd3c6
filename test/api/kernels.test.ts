import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { ReplayPosition, replayMessageType } from '../../src/protocol/replay-position.js';
import type { KernelModel } from '../../src/protocol/rest-models.js';
import { ChannelClient } from '../fake-kernel/channel-client.js';
import { startKernelServer } from '../fake-kernel/kernel-server.js';
import type { Received } from '../fake-kernel/channel-client.js';
import type { KernelServer } from '../fake-kernel/kernel-server.js';
import { isRunning } from '../is-running.js';
import { eventually } from '../patience.js';

let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer({
    limits: { restartDelays: [0, 20], shutdownWait: 2000 },
    env: { JUPYTER_TOKEN: 'secret', NBSERVER_PASSWORD_FILE: '/secret', PLAIN: 'plain' },
    bridge: {
      bounds: { streams: 12_000_000, all: 60_000_000 },
      replay: { kernel: 5_000_000, server: 10_000_000 },
    },
  });
});
afterAll(() => server.close());

async function start(name = 'fake'): Promise<KernelModel> {
  const { status, body } = await server.api('POST', 'api/kernels', { name });
  expect(status).toBe(201);
  return body as KernelModel;
}
const open = (id: string, options?: Parameters<typeof ChannelClient.open>[2]) =>
  ChannelClient.open(server.wsUrl, id, options);
async function model(id: string): Promise<KernelModel> {
  return (await server.api('GET', `api/kernels/${id}`)).body as KernelModel;
}
function connectionFile(id: string): string {
  return join(server.home, 'runtime', `kernel-${id}.json`);
}
function pidOf(id: string): number {
  const records = readFileSync(join(server.home, 'runtime', `nbserver-kernels-${process.pid}.json`), 'utf8');
  const { kernels } = JSON.parse(records) as { kernels: { pid: number; connectionFile: string }[] };
  return kernels.find((kernel) => kernel.connectionFile === connectionFile(id))?.pid ?? 0;
}

describe('the REST API of kernels', () => {
  it('starts, lists, shows, restarts and ends a kernel', async () => {
    const created = await server.api('POST', 'api/kernels', { name: 'fake' });
    expect(created.status).toBe(201);
    const { id } = created.body as KernelModel;
    expect(created.headers.get('location')).toBe(`/api/kernels/${id}`);
    expect(created.body).toMatchObject({ id, name: 'fake', execution_state: 'starting', connections: 0 });
    expect((created.body as KernelModel).last_activity).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(
      ((await server.api('GET', 'api/kernels')).body as KernelModel[]).map((kernel) => kernel.id),
    ).toContain(id);

    const file = statSync(connectionFile(id));
    expect(file.mode & 0o777).toBe(0o600);
    expect(statSync(join(server.home, 'runtime')).mode & 0o777).toBe(0o700);
    const pid = pidOf(id);
    const restarted = await server.api('POST', `api/kernels/${id}/restart`);
    expect(restarted).toMatchObject({ status: 200, body: { id, execution_state: 'idle' } });
    expect(isRunning(pid)).toBe(false);
    expect(pidOf(id)).not.toBe(pid);

    expect((await server.api('POST', `api/kernels/${id}/interrupt`)).status).toBe(204);
    const last = pidOf(id);
    expect((await server.api('DELETE', `api/kernels/${id}`)).status).toBe(204);
    expect(isRunning(last)).toBe(false);
    expect(existsSync(connectionFile(id))).toBe(false);
    expect(await server.api('GET', `api/kernels/${id}`)).toMatchObject({
      status: 404,
      body: { message: `Kernel does not exist: ${id}` },
    });
  });

  it('takes the default kernel for an empty body, and the directory of a path', async () => {
    const { body } = await server.api('POST', 'api/kernels');
    expect(body).toMatchObject({ name: 'fake' });
    await server.api('DELETE', `api/kernels/${(body as KernelModel).id}`);
    const placed = await server.api('POST', 'api/kernels', { name: 'fake', path: 'folder/a.ipynb' });
    const { id } = placed.body as KernelModel;
    const client = await open(id);
    const cell = client.execute({ cwd: true });
    await client.done(cell);
    expect(client.output(cell)).toBe(join(server.notebooks, 'folder'));
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it.each([
    ['GET', 'api/kernels/nothing', 404],
    ['DELETE', 'api/kernels/nothing', 404],
    ['POST', 'api/kernels/nothing/interrupt', 404],
    ['POST', 'api/kernels/nothing/restart', 404],
    ['GET', 'api/kernelspecs/nothing', 404],
    ['GET', 'kernelspecs/fake/nothing.png', 404],
    ['GET', 'kernelspecs/fake/..%2f..%2ffake/kernel.json', 404],
    ['GET', 'kernelspecs/nothing/kernel.json', 404],
  ])('%s %s answers %i with a message', async (method, path, status) => {
    const answer = await server.api(method, path);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ message: expect.any(String) as string, reason: null });
  });

  it.each([
    ['an unknown kernel', { name: 'klingon' }, 501, /klingon.*not available/],
    ['a command that is not there', { name: 'absent' }, 501, /\/nowhere\/kernel was not found/],
    ['a name that is no text', { name: 7 }, 400, /name/],
    ['an id that is no id', { name: 'fake', kernel_id: '../x' }, 400, /id/],
  ])('refuses %s with a sentence', async (_name, body, status, message) => {
    const before = server.kernels.list().length;
    const answer = await server.api('POST', 'api/kernels', body);
    expect(answer.status).toBe(status);
    expect((answer.body as { message: string }).message).toMatch(message);
    expect(server.kernels.list()).toHaveLength(before);
  });

  it('answers 409 for an id that is in use', async () => {
    const { id } = await start();
    expect((await server.api('POST', 'api/kernels', { name: 'fake', kernel_id: id })).status).toBe(409);
    await server.api('DELETE', `api/kernels/${id}`);
  });
});

describe('the environment of a kernel', () => {
  it('holds no secrets of the server, and tells the kernel who started it', async () => {
    const { id } = await start();
    const client = await open(id);
    const names = ['JUPYTER_TOKEN', 'NBSERVER_PASSWORD_FILE', 'PLAIN', 'JPY_PARENT_PID'];
    const cells = names.map((name) => client.execute({ env: name }));
    for (const cell of cells) await client.done(cell);
    expect(cells.map((cell) => client.output(cell))).toEqual([
      'unset',
      'unset',
      'plain',
      String(process.pid),
    ]);
    await server.api('DELETE', `api/kernels/${id}`);
  });
});

describe('the websocket', () => {
  it.each([
    ['v1', 'v1.kernel.websocket.jupyter.org', 'v1.kernel.websocket.jupyter.org'],
    ['none', '', ''],
  ])('with subprotocol %s carries a cell from request to reply', async (_name, protocol, agreed) => {
    const { id } = await start();
    const client = await open(id, { protocol });
    expect(client.ws.protocol).toBe(agreed);
    const cell = client.execute({ text: 'hello' }, { result: 42 });
    const reply = await client.done(cell);
    expect(reply.content.status).toBe('ok');
    const mine = client.received.filter(({ parent }) => parent.msg_id === cell);
    expect(mine.filter(({ channel }) => channel === 'iopub').map(({ header }) => header.msg_type)).toEqual([
      'status',
      'execute_input',
      'stream',
      'execute_result',
      'status',
    ]);
    expect((await model(id)).connections).toBe(1);
    await client.close();
    await eventually(async () => (await model(id)).connections === 0);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('chooses no subprotocol when only unknown ones are offered', async () => {
    const { id } = await start();
    const { port } = new URL(server.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/api/kernels/${id}/channels`, 'x.unknown');
      socket.on('upgrade', (response) => resolve(String(response.headers['sec-websocket-protocol'])));
      // The client of this test insists on one of its own; what counts is the server's answer.
      socket.on('error', () => {});
      socket.on('unexpected-response', reject);
    });
    expect(answer).toBe('undefined');
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('does not show a client what the server itself asked', async () => {
    const { id } = await start();
    const client = await open(id);
    await client.done(client.execute());
    const foreign = client.received.filter(({ parent }) => parent.msg_type === 'kernel_info_request');
    expect(foreign).toEqual([]);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('gets 20,000 messages completely and in order, in both framings at once', async () => {
    const { id } = await start();
    const clients = [await open(id), await open(id, { protocol: '' })];
    const [first] = clients;
    const cell = first?.execute({ flood: 20_000 }) ?? '';
    await first?.done(cell);
    const expected = Array.from({ length: 20_000 }, (_, i) => `${i} `).join('');
    for (const client of clients) {
      await client.until(({ header, parent, content }) => {
        return header.msg_type === 'status' && content.execution_state === 'idle' && parent.msg_id === cell;
      });
      expect(client.output(cell) === expected).toBe(true);
    }
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it.each(['v1.kernel.websocket.jupyter.org', ''])('carries buffers both ways (%s)', async (protocol) => {
    const { id } = await start();
    const client = await open(id, { protocol });
    const cell = client.execute({ buffers: [3, 0, 300_000] });
    await client.done(cell);
    const comm = await client.until(({ header }) => header.msg_type === 'comm_msg');
    expect(comm.buffers.map((buffer) => buffer.length)).toEqual([3, 0, 300_000]);
    expect(comm.buffers[2]?.every((byte, i) => byte === i % 251)).toBe(true);
    if (protocol !== '') {
      const sent = [Buffer.from([1, 2, 3]), Buffer.alloc(0), Buffer.alloc(100_000, 9)];
      const id2 = client.send('shell', 'comm_msg', { comm_id: 'c', data: { a: 1 } }, { buffers: sent });
      const echo = await client.until(
        ({ header, parent }) => header.msg_type === 'comm_msg' && parent.msg_id === id2,
      );
      expect(echo.buffers).toEqual(sent);
    }
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('passes 20 MB in one message', async () => {
    const { id } = await start();
    const client = await open(id);
    const cell = client.execute({ display: 20_000_000 });
    await client.done(cell);
    const { content } = await client.until(({ header }) => header.msg_type === 'display_data');
    expect((content.data as Record<string, string>)['text/plain']).toHaveLength(20_000_000);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('passes a content byte for byte in v1, and repairs broken UTF-8 in text frames', async () => {
    const { id } = await start();
    const v1 = await open(id);
    const legacy = await open(id, { protocol: '' });
    const odd = Buffer.from('{"name":"stdout", "text":"x", "one":1.0, "nan":NaN}');
    const broken = Buffer.from([...Buffer.from('{"name":"stdout","text":"a'), 0xff, ...Buffer.from('b"}')]);
    const isStream = (one: { header: Record<string, unknown> }) => one.header.msg_type === 'stream';
    await v1.done(v1.execute({ raw: broken.toString('base64') }));
    expect((await legacy.until(isStream)).content.text).toBe('a\ufffdb');
    await legacy.close();
    const cell = v1.execute({ raw: odd.toString('base64') });
    await v1.done(cell);
    expect((await v1.until((one) => isStream(one) && one.parent.msg_id === cell)).raw).toEqual(odd);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('refuses messages with a wrong signature and messages that are played back', async () => {
    const { id } = await start();
    const client = await open(id);
    const cell = client.execute({ forged: true }, { text: 'honest ' }, { replayed: true });
    await client.done(cell);
    expect(client.output(cell)).toBe('honest replayed');
    expect(server.log.lines.some((line) => line.includes('wrong signature'))).toBe(true);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('survives frames that lie about their length, and other nonsense', async () => {
    const { id } = await start();
    const client = await open(id);
    const lie = Buffer.alloc(34);
    lie.writeBigUInt64LE(2n ** 31n, 0);
    const nonsense = [lie, Buffer.alloc(0), Buffer.alloc(8, 255), 'text in v1'];
    for (const frame of nonsense) client.ws.send(frame);
    client.send('nowhere', 'execute_request', {});
    client.send('iopub', 'execute_request', {});
    await client.done(client.execute());
    const legacy = await open(id, { protocol: '' });
    for (const frame of ['{', '[]', '{"header":{}}', Buffer.from([255, 255, 255, 255])])
      legacy.ws.send(frame);
    await legacy.done(legacy.execute());
    expect(server.log.lines.some((line) => line.includes('a v1 frame of 34 bytes'))).toBe(true);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('brings replies and input requests to the one that asked, and iopub to all', async () => {
    const { id } = await start();
    const [asker, other] = [await open(id), await open(id)];
    const cell = asker.execute({ input: 'Name? ' });
    const request = await asker.until(({ channel }) => channel === 'stdin');
    expect(request.content.prompt).toBe('Name? ');
    asker.send('stdin', 'input_reply', { status: 'ok', value: 'Ada' }, { parent: request.header });
    await asker.done(cell);
    await other.until(({ header, parent, content }) => {
      return header.msg_type === 'status' && content.execution_state === 'idle' && parent.msg_id === cell;
    });
    expect(other.output(cell)).toBe('got Ada');
    expect(other.received.filter(({ channel }) => channel !== 'iopub')).toEqual([]);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('keeps the answers to requests of the server from websockets, but shows what they publish', async () => {
    const { id } = await start();
    const client = await open(id);
    await client.done(client.execute());
    const kernel = server.kernels.require(id);
    const types: string[] = [];
    const prompts: Buffer[] = [];
    const listening = kernel.onMessage((channel, message, header) => {
      types.push(`${channel} ${header.msg_type}`);
      if (channel === 'stdin') prompts.push(message.header);
    });
    const code = JSON.stringify([{ input: 'Who? ' }]);
    const cell = kernel.request('shell', 'execute_request', { code, silent: false, allow_stdin: true });
    await eventually(() => prompts.length === 1);
    kernel.replyInput('Bob', prompts[0] ?? {});
    await client.until(({ header, parent, content }) => {
      return header.msg_type === 'status' && content.execution_state === 'idle' && parent.msg_id === cell;
    });
    await eventually(() => types.includes('shell execute_reply'));
    expect(client.output(cell)).toBe('got Bob');
    expect(
      client.received.filter(({ channel, parent }) => channel !== 'iopub' && parent.msg_id === cell),
    ).toEqual([]);
    listening.close();
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('replaces an older socket of the same session', async () => {
    const { id } = await start();
    const old = await open(id, { session: 'same' });
    await old.done(old.execute());
    const young = await open(id, { session: 'same' });
    expect(await old.closed()).toBe(4000);
    await young.done(young.execute());
    expect((await model(id)).connections).toBe(1);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('is open at once for a busy kernel, and control answers meanwhile', async () => {
    const { id } = await start();
    const busy = await open(id);
    busy.execute({ sleep: 60_000 });
    await busy.status('busy');
    expect((await model(id)).execution_state).toBe('busy');
    const client = await open(id);
    const asked = client.send('control', 'usage_request', {});
    await client.until(({ channel, parent }) => channel === 'control' && parent.msg_id === asked);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('answers 404 to an upgrade for an unknown kernel', async () => {
    await expect(open('nothing')).rejects.toThrow(/404/);
  });
});

describe('a client that goes and comes back', () => {
  it('gets what it missed before anything new, in the framing of the new socket', async () => {
    const { id } = await start();
    const first = await open(id, { session: 'traveller' });
    const gone = join(server.home, `${id}-gone`);
    const cell = first.execute({ until: gone }, { text: 'while you were away' }, { input: '?' });
    await first.status('busy');
    await first.close();
    const kernel = server.kernels.require(id);
    await eventually(() => kernel.connections === 0);
    const asked = new Promise<void>((resolve) =>
      kernel.onMessage((channel) => channel === 'stdin' && resolve()),
    );
    writeFileSync(gone, '');
    await asked;
    const again = await open(id, { session: 'traveller', protocol: '' });
    const request = await again.until(({ channel }) => channel === 'stdin');
    expect(again.output(cell)).toBe('while you were away');
    again.send('stdin', 'input_reply', { status: 'ok', value: 'x' }, { parent: request.header });
    await again.done(cell);
    expect(again.received.filter(({ header }) => header.msg_type === 'stream')).toHaveLength(2);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('gets it also when others were there all the time, and only what is its own of the replies', async () => {
    const { id } = await start();
    const first = await open(id, { session: 'one' });
    const other = await open(id, { session: 'two' });
    await first.done(first.execute());
    const gone = join(server.home, `${id}-gone`);
    const cell = first.execute({ until: gone }, { text: 'not lost' });
    await first.status('busy', first.received.length);
    await first.close();
    await eventually(() => server.kernels.require(id).connections === 1);
    writeFileSync(gone, '');
    const others = other.execute({ text: 'of two' });
    await other.done(others);
    await other.close();
    const passersBy = await Promise.all(Array.from({ length: 150 }, () => open(id)));
    await Promise.all(passersBy.map((each) => each.close()));
    const again = await open(id, { session: 'one' });
    await again.done(cell);
    await again.until(({ header, parent, content }) => {
      return header.msg_type === 'status' && content.execution_state === 'idle' && parent.msg_id === others;
    });
    expect([again.output(cell), again.output(others)]).toEqual(['not lost', 'of two']);
    const replies = again.received.filter(({ channel }) => channel === 'shell');
    expect(replies.map(({ parent }) => parent.msg_id)).toEqual([cell]);
    // A new session starts here and now.
    const young = await open(id);
    await young.done(young.execute());
    expect(young.received.filter(({ header }) => header.msg_type === 'stream')).toEqual([]);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  describe('over connections that break in the middle', () => {
    /** Runs a cell that prints 3,000 numbers while the connection breaks six times; gives all that came, in turn. */
    async function printOverBrokenConnections(
      id: string,
      connect: (round: number) => Promise<ChannelClient>,
    ) {
      const steps = Array.from({ length: 10 }, () => [{ flood: 300, size: 100 }, { sleep: 50 }]).flat();
      let client = await connect(0);
      await client.done(client.execute());
      const clients = [client];
      const bystander = await open(id);
      const cell = client.execute(...steps);
      const isMine = ({ parent }: Received) => parent.msg_id === cell;
      for (let round = 1; round <= 6; round++) {
        // Most rounds see some output; one that comes when all is read goes on after a moment.
        await client
          .until((one) => one.header.msg_type === 'stream' && isMine(one), 300)
          .catch(() => undefined);
        // Its replies are numbered, too, and for itself alone.
        bystander.send('control', 'usage_request', {});
        // Without a goodbye, perhaps within a frame.
        client.ws.terminate();
        await client.closed();
        clients.push((client = await connect(round)));
      }
      const all = () => clients.flatMap(({ received }) => received);
      await eventually(() => all().some((one) => isMine(one) && one.content.execution_state === 'idle'));
      await eventually(() => all().some((one) => isMine(one) && one.channel === 'shell'));
      const numbers = all().filter((one) => isMine(one) && one.header.msg_type === 'stream');
      return numbers.map(({ content }) => String(content.text).trim().split(' ')[0]);
    }
    const numbers = Array.from({ length: 10 }, () => Array.from({ length: 300 }, (_, i) => String(i))).flat();

    it('misses nothing, whatever its framing; only what was under way may come twice', async () => {
      const { id } = await start();
      const connect = (round: number) =>
        open(id, { session: 'broken', protocol: round % 2 === 0 ? '' : undefined });
      const got = await printOverBrokenConnections(id, connect);
      // Each number of the sequence is found behind the one before.
      let at = -1;
      for (const number of numbers) at = got.indexOf(number, at + 1);
      expect(at).toBeGreaterThan(0);
      expect(got.length).toBeGreaterThanOrEqual(numbers.length);
      await server.api('DELETE', `api/kernels/${id}`);
    });

    it('gets exactly the rest when it counts', async () => {
      const { id } = await start();
      const position = new ReplayPosition();
      let last: ChannelClient | undefined;
      const count = () => {
        for (const { header, content } of last?.received ?? [])
          expect(position.count(String(header.msg_type), () => content)).toBeUndefined();
      };
      const got = await printOverBrokenConnections(id, async () => {
        count();
        return (last = await open(id, { session: 'counting', after: position.after }));
      });
      expect(got).toEqual(numbers);
      await server.api('DELETE', `api/kernels/${id}`);
    });
  });

  it('is told what is lost, by a message and by a text, and still gets the end of its cell', async () => {
    const { id } = await start();
    const first = await open(id, { session: 'away' });
    await first.done(first.execute());
    const gone = join(server.home, `${id}-gone`);
    const cell = first.execute({ until: gone }, { flood: 8000, size: 1000 }, { display: 5 });
    await first.status('busy', first.received.length);
    await first.close();
    await eventually(() => server.kernels.require(id).connections === 0);
    writeFileSync(gone, '');
    await eventually(async () => (await model(id)).execution_state === 'idle');
    const again = await open(id, { session: 'away' });
    await again.done(cell);
    expect(again.output(cell).length).toBeLessThan(5_000_000);
    expect(again.output(cell)).toMatch(/\d+ messages of the kernel are missing here/);
    expect(again.output(cell)).toContain('7999 ');
    const notices = again.received.filter(({ header }) => header.msg_type === replayMessageType);
    expect(notices).toHaveLength(1);
    expect(notices[0]?.content.missed).toBeGreaterThan(1000);
    expect(again.received.map(({ header }) => header.msg_type)).toContain('display_data');
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('that names a number of another server is told that nobody knows what is lost', async () => {
    const { id } = await start();
    const client = await open(id, { session: 'old', after: '12345' });
    await client.done(client.execute());
    const notices = client.received.filter(({ header }) => header.msg_type === replayMessageType);
    expect(notices.map(({ content }) => content.missed)).toContain(null);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('is not told a second time that the kernel starts again, or JupyterLab would connect for ever', async () => {
    const { id } = await start();
    const first = await open(id, { session: 'lab' });
    await first.done(first.execute());
    process.kill(pidOf(id), 'SIGKILL');
    await first.status('restarting');
    first.ws.terminate();
    const again = await open(id, { session: 'lab' });
    await again.done(again.execute());
    expect(again.received.filter(({ content }) => content.execution_state === 'restarting')).toEqual([]);
    await server.api('DELETE', `api/kernels/${id}`);
  });
});

describe('a kernel that is interrupted', () => {
  it.each(['fake', 'fake-message'])('stops its cell (%s)', async (name) => {
    const { id } = await start(name);
    const client = await open(id);
    const cell = client.execute({ sleep: 60_000 });
    await client.until(({ header, parent }) => header.msg_type === 'execute_input' && parent.msg_id === cell);
    expect((await server.api('POST', `api/kernels/${id}/interrupt`)).status).toBe(204);
    const reply = await client.done(cell);
    expect(reply.content).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
    await server.api('DELETE', `api/kernels/${id}`);
  });
});

describe('a kernel that dies', () => {
  it('is started again, and works on the same websocket', async () => {
    const { id } = await start();
    const client = await open(id);
    await client.done(client.execute());
    const pid = pidOf(id);
    const ports = readFileSync(connectionFile(id), 'utf8');
    process.kill(pid, 'SIGKILL');
    const restarting = await client.status('restarting');
    expect(restarting).toMatchObject({ channel: 'iopub', parent: {} });
    const cell = client.execute({ text: 'again' });
    await client.done(cell);
    expect(client.output(cell)).toBe('again');
    expect(await model(id)).toMatchObject({ execution_state: 'idle', connections: 1 });
    expect(await model(id)).not.toHaveProperty('reason');
    expect(pidOf(id)).not.toBe(pid);
    // It was young: its ports may have been the cause.
    expect(readFileSync(connectionFile(id), 'utf8')).not.toBe(ports);
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('is dead after five restarts, with the reason; a restart by hand brings it back to life', async () => {
    const { id } = await start('fake-brief');
    const client = await open(id);
    await client.status('dead');
    const states = client.received.filter(({ header }) => header.msg_type === 'status');
    expect(states.filter(({ content }) => content.execution_state === 'restarting')).toHaveLength(5);
    const { execution_state, reason } = await model(id);
    expect(execution_state).toBe('dead');
    expect(reason).toMatch(/died 6 times.*exit code 9/);
    expect(existsSync(connectionFile(id))).toBe(false);
    expect(client.closeCode).toBeUndefined();
    expect((await server.api('POST', `api/kernels/${id}/interrupt`)).status).toBe(409);
    expect((await server.api('POST', `api/kernels/${id}/restart`)).status).toBe(200);
    expect((await server.api('DELETE', `api/kernels/${id}`)).status).toBe(204);
  });

  it('says why it did not start at all', async () => {
    const { id } = await start('fake-crash');
    await expect(server.kernels.require(id).ready).rejects.toThrow(/exit code 7\. Its last words: boom/);
    expect(await model(id)).toMatchObject({
      execution_state: 'dead',
      reason: expect.stringContaining('boom') as string,
    });
    // Who comes only now is told as well.
    const client = await open(id);
    const { content } = await client.status('dead');
    expect(content.reason).toContain('boom');
    const restart = await server.api('POST', `api/kernels/${id}/restart`);
    expect(restart).toMatchObject({
      status: 500,
      body: { message: expect.stringContaining('boom') as string },
    });
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('gets other ports when somebody took its own', async () => {
    const { id } = await start('fake-taken');
    const client = await open(id);
    await client.done(client.execute());
    const { shell_port } = JSON.parse(readFileSync(connectionFile(id), 'utf8')) as { shell_port: number };
    expect(String(shell_port)).not.toBe(readFileSync(`${connectionFile(id)}.second`, 'utf8'));
    await server.api('DELETE', `api/kernels/${id}`);
  });
});

describe('the end of a kernel', () => {
  it('is told to its websockets, which are closed when they have heard all that it said', async () => {
    const { id } = await start();
    const client = await open(id);
    await client.done(client.execute());
    await server.api('DELETE', `api/kernels/${id}`);
    await expect(open(id)).rejects.toThrow('404');
    expect(await client.closed()).toBe(1001);
    const last = client.received
      .slice(-3)
      .map(({ parent, content }) => [parent.msg_type, content.execution_state]);
    expect(last).toEqual([
      ['shutdown_request', 'busy'],
      ['shutdown_request', 'idle'],
      [undefined, 'dead'],
    ]);
  });

  it('comes by force when it does not listen, and takes its children along', async () => {
    const { id } = await start('fake-stubborn');
    const client = await open(id);
    const cell = client.execute({ child: true });
    await client.done(cell);
    const pids = [pidOf(id), Number(client.output(cell))];
    expect(pids.map(isRunning)).toEqual([true, true]);
    await server.api('DELETE', `api/kernels/${id}`);
    await eventually(() => !pids.some(isRunning));
  });

  it('does not wait for a kernel that is only starting', async () => {
    const { id } = await start('fake-mute');
    const pid = pidOf(id);
    await server.api('DELETE', `api/kernels/${id}`);
    expect(isRunning(pid)).toBe(false);
  });
});

describe('kernelspecs', () => {
  it('are listed with the default and their resources, and found without a restart', async () => {
    const folder = server.writeSpec('With-Logo', { argv: ['x'], metadata: { a: 1 }, env: { A: 'b' } });
    writeFileSync(join(folder, 'logo-64x64.png'), 'png');
    writeFileSync(join(folder, 'kernel.js'), 'js');
    writeFileSync(join(folder, 'other.txt'), 'x');
    const { body } = await server.api('GET', 'api/kernelspecs');
    expect(body).toMatchObject({
      default: 'fake',
      kernelspecs: {
        'with-logo': {
          name: 'with-logo',
          spec: {
            argv: ['x'],
            env: { A: 'b' },
            display_name: 'With-Logo',
            language: 'fake',
            interrupt_mode: 'signal',
            metadata: { a: 1 },
          },
          resources: {
            'logo-64x64': '/kernelspecs/with-logo/logo-64x64.png',
            'kernel.js': '/kernelspecs/with-logo/kernel.js',
          },
        },
      },
    });
    const one = await server.api('GET', 'api/kernelspecs/with-logo');
    expect(one.body).toEqual((body as { kernelspecs: Record<string, unknown> }).kernelspecs['with-logo']);
    const logo = await fetch(`${server.url}kernelspecs/with-logo/logo-64x64.png`);
    expect(logo.status).toBe(200);
    expect(logo.headers.get('cache-control')).toBe('max-age=2592000');
    expect(await logo.text()).toBe('png');
  });
});
