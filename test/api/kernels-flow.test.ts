/** What happens where more comes than a client takes, or wants: given up and come back, rate limits, subshells that overtake. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ReplayPosition } from '../../src/protocol/replay-position.js';
import { ChannelClient } from '../fake-kernel/channel-client.js';
import type { Received } from '../fake-kernel/channel-client.js';
import { startKernelServer } from '../fake-kernel/kernel-server.js';
import type { KernelServer } from '../fake-kernel/kernel-server.js';

const megabyte = 1_000_000;

let server: KernelServer;
let limited: KernelServer;
let usual: KernelServer;
beforeAll(async () => {
  server = await startKernelServer({
    bridge: {
      bounds: { streams: 2 * megabyte, all: 8 * megabyte },
      replay: { kernel: 120 * megabyte, server: 120 * megabyte },
    },
  });
  limited = await startKernelServer({ bridge: { limits: { messages: 200, bytes: 0, window: 3000 } } });
  // The usual bounds are larger; what is needed to pass them takes long.
  usual = await startKernelServer({
    bridge: { bounds: { streams: 7 * megabyte, all: 64 * megabyte } },
  });
});
afterAll(async () => {
  await server.close();
  await limited.close();
  await usual.close();
});
afterEach(async () => {
  for (const { kernels } of [server, limited, usual])
    for (const { id } of kernels.list()) await kernels.shutdown(id);
});

describe('a client that does not read', () => {
  it('gets stream output cut short with a notice for each cell, and everything else', async () => {
    const { id } = await server.kernels.start({ name: 'fake' });
    const fast = await ChannelClient.open(server.wsUrl, id);
    const slow = await ChannelClient.open(server.wsUrl, id);
    await slow.done(slow.execute());
    slow.ws.pause();
    const cells = 10;
    let last = '';
    // Cell by cell, so that the fast one is never far behind.
    for (let i = 0; i < cells; i++) {
      last = fast.execute({ flood: 200, size: 10_000 }, { display: 10 });
      await fast.done(last);
      expect(fast.output(last)).toHaveLength(2_000_000);
    }
    slow.ws.resume();
    await slow.until(({ header, parent, content }) => {
      return header.msg_type === 'status' && content.execution_state === 'idle' && parent.msg_id === last;
    });
    const ofType = (type: string) => slow.received.filter(({ header }) => header.msg_type === type);
    expect(ofType('display_data')).toHaveLength(cells);
    expect(ofType('stream').length).toBeLessThan(200 * cells);
    const notices = ofType('stream').filter(({ content }) => String(content.text).includes('left out here'));
    expect(notices.length).toBeGreaterThan(0);
    expect(notices.length).toBeLessThanOrEqual(cells);
  });
});

describe('a client that is merely slower than the kernel of its session', () => {
  /** It reads nothing for a second, which is less than it is waited for, once it has got something. */
  function pauseOnce({ ws }: ChannelClient) {
    ws.once('message', () => {
      ws.pause();
      setTimeout(() => ws.resume(), 1000);
    });
  }
  it('gets everything: the kernel is read, and its messages wait', async () => {
    const { kernel } = await usual.sessions.create({ path: 'a.ipynb', type: 'notebook' });
    const client = await ChannelClient.open(usual.wsUrl, kernel.id);
    await client.done(client.execute());
    pauseOnce(client);
    // Far more than its queue may hold, and the system's buffers.
    const cell = client.execute({ burst: 400, size: 100_000 });
    await client.done(cell);
    const numbers = client
      .output(cell)
      .match(/\d+(?= x)/g)
      ?.map(Number);
    expect(numbers).toEqual(Array.from({ length: 400 }, (_, i) => i));
    expect(client.output(cell)).toHaveLength(400 * 100_000);
  });
});

describe('messages that wait for slow clients', () => {
  it('are passed on when the kernel is interrupted or restarted: nobody waits for them', async () => {
    const { kernel } = await usual.sessions.create({ path: 'b.ipynb', type: 'notebook' });
    await kernel.ready;
    const texts: string[] = [];
    const listening = kernel.onMessage((_channel, { content }, { msg_type }) => {
      if (msg_type === 'stream') texts.push((JSON.parse(content.toString()) as { text: string }).text);
    });
    let holds = 0;
    kernel.holdReading = () => {
      holds += 1;
      return new Promise(() => {});
    };
    const code = JSON.stringify([
      { text: 'one' },
      { text: 'two' },
      { stderr: 'both are said' },
      { sleep: 60_000 },
    ]);
    kernel.request('shell', 'execute_request', { code });
    await expect.poll(() => usual.log.lines.join('\n')).toContain('both are said');
    await expect.poll(() => holds).toBe(1);
    expect(texts).toEqual([]);
    await kernel.interrupt();
    await expect.poll(() => texts).toEqual(['one', 'two']);

    const more = JSON.stringify([{ text: 'three' }, { stderr: 'all is said' }, { sleep: 60_000 }]);
    kernel.request('shell', 'execute_request', { code: more });
    await expect.poll(() => usual.log.lines.join('\n')).toContain('all is said');
    // What waits goes on waiting; what comes from now on is for a live document, which waits for nobody.
    kernel.onMessage(() => {}, { impatient: true });
    await kernel.restart();
    expect(texts).toEqual(['one', 'two', 'three']);
    expect(usual.log.lines.join('\n')).not.toContain('does not end');

    kernel.request('shell', 'execute_request', { code: JSON.stringify([{ text: 'four' }]) });
    await expect.poll(() => texts).toEqual(['one', 'two', 'three', 'four']);
    listening.close();
  });
});

describe('a client that is hopelessly slow', () => {
  it('is closed with 1013; when it connects again it gets the rest, each message once and in order', async () => {
    const { id } = await server.kernels.start({ name: 'fake' });
    const fast = await ChannelClient.open(server.wsUrl, id);
    const slow = await ChannelClient.open(server.wsUrl, id, { session: 'slow', after: '' });
    const first = slow.execute({ text: 'first' });
    await slow.done(first);
    slow.ws.pause();
    // Cell by cell, so that the fast one is never far behind.
    const cells: string[] = [];
    for (let i = 0; i < 9; i++) {
      const cell = fast.execute({ blobs: 4, size: megabyte });
      cells.push(cell);
      await fast.done(cell);
    }
    const blobs = cells.flatMap((cell) => [0, 1, 2, 3].map((i) => `${cell} ${i}`));
    const names = (received: readonly Received[]) =>
      received
        .filter(({ header }) => header.msg_type === 'comm_msg')
        .map(({ content, parent }) => `${String(parent.msg_id)} ${(content.data as { i: number }).i}`);
    expect(names(fast.received)).toEqual(blobs);
    expect(server.log.lines.join('\n')).toContain(`${id}:slow reads too slowly and is closed`);
    expect(server.kernels.require(id).connections).toBe(1);

    slow.ws.resume();
    expect(await slow.closed()).toBe(1013);
    const position = new ReplayPosition();
    for (const { header, content } of slow.received) position.count(String(header.msg_type), () => content);
    const again = await ChannelClient.open(server.wsUrl, id, { session: 'slow', after: position.after });
    const last = cells.at(-1);
    await again.until(
      ({ header, parent, content }) =>
        header.msg_type === 'status' && content.execution_state === 'idle' && parent.msg_id === last,
    );
    const got = names(slow.received);
    expect(got.length).toBeLessThan(blobs.length);
    expect([...got, ...names(again.received)]).toEqual(blobs);
    expect(slow.output(first) + again.output(first)).toBe('first');
  });
});

describe('a request that is too much for a kernel that starts', () => {
  it('is answered by the server, so that nobody waits for it for ever', async () => {
    const { id } = await server.kernels.start({ name: 'fake-mute' });
    const client = await ChannelClient.open(server.wsUrl, id);
    const buffers = [Buffer.alloc(40 * megabyte)];
    const ask = () => client.send('shell', 'execute_request', { code: '' }, { buffers });
    const [, second] = [ask(), ask()];
    const reply = await client.done(second);
    expect(reply).toMatchObject({
      header: { msg_type: 'execute_reply' },
      content: { status: 'error', evalue: expect.stringContaining('still starting') as string },
    });
    // The first one waits.
    expect(client.received).toHaveLength(2);
  });
});

describe('with rate limits', () => {
  it('a cell that prints too fast is cut short with one notice; its results and the next cell are whole', async () => {
    const { id } = await limited.kernels.start({ name: 'fake' });
    const client = await ChannelClient.open(limited.wsUrl, id);
    const cell = client.execute({ burst: 3000, size: 10 }, { display: 5 }, { result: 42 });
    await client.done(cell);
    const ofType = (type: string) => client.received.filter(({ header }) => header.msg_type === type);
    expect(client.output(cell)).toContain(
      'More output came than iopub_msg_rate_limit allows (200 messages/s',
    );
    expect(client.output(cell).match(/More output came/g)).toHaveLength(1);
    // 200 a second over 3 seconds, and the notice.
    expect(ofType('stream').length).toBeLessThanOrEqual(601);
    expect([ofType('display_data').length, ofType('execute_result').length]).toEqual([1, 1]);
    const next = client.execute({ burst: 100, size: 1 });
    await client.done(next);
    expect(client.output(next)).toBe(Array.from({ length: 100 }, (_, i) => `${i} `).join(''));
  });
});

describe('subshells', () => {
  it('overtake a cell that waits: each reply comes to the one that asked, and the kernel stays busy', async () => {
    const { id } = await server.kernels.start({ name: 'fake' });
    const [main, side] = [
      await ChannelClient.open(server.wsUrl, id),
      await ChannelClient.open(server.wsUrl, id),
    ];
    const waiting = main.execute({ input: 'Go on? ' });
    const asked = await main.until(({ channel }) => channel === 'stdin');
    const code = JSON.stringify([{ text: 'beside' }]);
    const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
    const beside = side.send('shell', 'execute_request', content, { subshell: 'sub-1' });
    await side.done(beside);
    expect(side.output(beside)).toBe('beside');
    expect(server.kernels.require(id).state).toBe('busy');
    main.send('stdin', 'input_reply', { status: 'ok', value: 'yes' }, { parent: asked.header });
    await main.done(waiting);
    expect(main.output(waiting)).toBe('got yes');
    const replies = (client: ChannelClient) =>
      client.received.filter(({ channel }) => channel === 'shell').map(({ parent }) => parent.msg_id);
    expect([replies(main), replies(side)]).toEqual([[waiting], [beside]]);
    expect(server.kernels.require(id).state).toBe('idle');
  });
});
