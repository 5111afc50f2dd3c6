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
  usual = await startKernelServer();
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
  /** More than may wait in the queue of a client. */
  const flood = { burst: 450, size: 100_000 };

  /** @param pause  ms that it does not read after each 4 MB */
  async function openSlow(pause: number) {
    const { kernel } = await usual.sessions.create({ path: 'a.ipynb', type: 'notebook' });
    const client = await ChannelClient.open(usual.wsUrl, kernel.id);
    await client.done(client.execute());
    return { kernel, client, ...readSlowly(client, pause) };
  }
  function readSlowly(client: ChannelClient, pause: number) {
    let bytes = 0;
    const take = (data: Buffer) => {
      bytes += data.length;
      if (bytes < 4 * megabyte) return;
      bytes = 0;
      client.ws.pause();
      setTimeout(() => client.ws.resume(), pause);
    };
    client.ws.on('message', take);
    return { readFast: () => client.ws.off('message', take) };
  }

  it('gets everything: the kernel is read, and its messages wait', async () => {
    const { client } = await openSlow(50);
    const cell = client.execute(flood);
    await client.done(cell);
    const output = client.output(cell);
    const numbers = Array.from({ length: flood.burst }, (_, i) => i);
    expect(output.match(/\d+(?= x)/g)?.map(Number)).toEqual(numbers);
    expect(output).toHaveLength(flood.burst * flood.size);
  });

  it('is waited for also while it catches up with what it missed', async () => {
    const small = await startKernelServer({
      bridge: { replay: { kernel: 12 * megabyte, server: 12 * megabyte } },
    });
    try {
      const { kernel } = await small.sessions.create({ path: 'a.ipynb', type: 'notebook' });
      const first = await ChannelClient.open(small.wsUrl, kernel.id, { session: 'one' });
      await first.done(first.execute());
      const missed = first.execute({ sleep: 200 }, { burst: 100, size: 100_000 }, { stderr: 'all is sent' });
      await first.status('busy', first.received.length);
      await first.close();
      await expect.poll(() => small.log.lines.join('\n'), { timeout: 20_000 }).toContain('all is sent');
      const again = await ChannelClient.open(small.wsUrl, kernel.id, { session: 'one' });
      readSlowly(again, 100);
      const next = again.execute({ burst: 200, size: 100_000 });
      await again.done(next);
      for (const [cell, count] of [
        [missed, 100],
        [next, 200],
      ] as const) {
        const numbers = again
          .output(cell)
          .match(/\d+(?= x)/g)
          ?.map(Number);
        expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i));
      }
    } finally {
      await small.close();
    }
  });

  it('keeps nobody waiting who restarts the kernel', async () => {
    const { client, kernel, readFast } = await openSlow(1000);
    client.execute(flood, { stderr: 'all is sent' }, { sleep: 60_000 });
    await expect.poll(() => usual.log.lines.join('\n'), { timeout: 20_000 }).toContain('all is sent');
    await kernel.restart();
    expect(usual.log.lines.join('\n')).not.toContain('does not end');
    readFast();
    const next = client.execute({ text: 'next' });
    await client.done(next);
    expect(client.output(next)).toBe('next');
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
