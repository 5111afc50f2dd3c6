/** When messages of a kernel wait for its websockets. What arrives by real ones is tested with real kernels (test/api). */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { Kernel, MessageListener } from '../../../src/kernels/kernel.js';
import { KernelRoom } from '../../../src/kernels/kernel-room.js';
import { makeMessage } from '../../../src/kernels/message-factory.js';
import { ReplayBudget } from '../../../src/kernels/replay-journal.js';
import { silentLog } from '../../../src/log.js';
import { bytesTaken } from '../../../src/socket-traffic.js';
import { fakeSocket } from './fake-socket.js';

function setUp() {
  let hear: MessageListener = () => {};
  const kernel = {
    id: 'kernel',
    state: 'busy',
    connections: 0,
    holdReading: undefined as Kernel['holdReading'],
    onMessage(listener: MessageListener) {
      hear = listener;
      return { close: () => {} };
    },
  };
  const room = new KernelRoom(kernel as unknown as Kernel, {
    bounds: { streams: 1e8, all: 1e8 },
    replay: 1e8,
    budget: new ReplayBudget(1e9),
    limits: undefined,
    log: silentLog,
  });
  const patience = new AbortController();
  return {
    patience,
    /** @param real  what its frames go to in place of a fake */
    join(sessionId: string, real?: Duplex) {
      const fake = fakeSocket();
      const socket = real ?? fake.socket;
      room.join({ ws: fake.ws, socket, sessionId, framing: 'v1', after: undefined });
      return fake;
    },
    /** The kernel says so many times 100 kB, or as much as that. */
    say(count: number, length = 100_000) {
      for (let i = 0; i < count; i++) {
        const content = { name: 'stdout', text: 'x'.repeat(length) };
        const { message, header } = makeMessage('kernel', 'stream', { content });
        hear('iopub', message, header);
      }
    },
    hold: () => kernel.holdReading?.(patience.signal),
  };
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('KernelRoom', () => {
  it('asks to wait while every client is behind, until the first has room', async () => {
    const { join, say, hold } = setUp();
    const [one, other] = [join('one'), join('other')];
    one.stop();
    say(120);
    await turn();
    await expect.poll(() => other.socket.writableLength).toBe(0);
    say(1);
    // The other one takes everything.
    expect(hold()).toBeUndefined();
    other.stop();
    say(120);
    await turn();
    say(1);
    const held = hold();
    expect(held).toBeInstanceOf(Promise);
    other.goOn();
    await held;
    say(1);
    expect(hold()).toBeUndefined();
  });

  it('asks to wait also for one that catches up, and only as long as somebody wants to', async () => {
    const { join, say, hold, patience } = setUp();
    const first = join('one');
    first.leave();
    say(150);
    expect(hold()).toBeUndefined();
    const again = join('one');
    again.stop();
    await turn();
    say(1);
    const held = hold();
    expect(held).toBeInstanceOf(Promise);
    patience.abort();
    await held;
  });

  it('waits for one that gets a long message over a line of some speed, and for none that gets on slowly', async () => {
    const { join, say, hold } = setUp();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
    const [socket] = (await once(server, 'connection')) as [Socket];
    // Only the clock of who waits: the system's sockets go on.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      join('one', socket);
      await new Promise(setImmediate);
      say(1, 30_000_000);
      await new Promise(setImmediate);
      say(1, 7_000_000);
      let isHeld = true;
      const held = hold()?.then(() => (isHeld = false));
      expect(held).toBeInstanceOf(Promise);
      const before = bytesTaken(socket);
      let read = 0;
      peer.resume().on('data', ({ length }) => {
        read += length;
        if (read > 8_000_000) peer.pause();
      });
      await expect.poll(() => bytesTaken(socket) - before).toBeGreaterThan(4_200_000);
      await vi.advanceTimersByTimeAsync(2000);
      expect(isHeld).toBe(true);
      await expect.poll(() => peer.isPaused()).toBe(true);
      await vi.advanceTimersByTimeAsync(2000);
      expect(bytesTaken(socket)).toBeLessThan(30_000_000);
      await vi.advanceTimersByTimeAsync(2000);
      await held;
    } finally {
      vi.useRealTimers();
      for (const each of [peer, socket]) each.destroy();
      server.close();
    }
  });
});
