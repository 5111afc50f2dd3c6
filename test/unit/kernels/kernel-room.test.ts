/** When messages of a kernel wait for its websockets. What arrives by real ones is tested with real kernels (test/api). */
import { describe, expect, it } from 'vitest';
import type { Kernel, MessageListener } from '../../../src/kernels/kernel.js';
import { KernelRoom } from '../../../src/kernels/kernel-room.js';
import { makeMessage } from '../../../src/kernels/message-factory.js';
import { ReplayBudget } from '../../../src/kernels/replay-journal.js';
import { silentLog } from '../../../src/log.js';
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
    join(sessionId: string) {
      const fake = fakeSocket();
      room.join({ ws: fake.ws, socket: fake.socket, sessionId, framing: 'v1', after: undefined });
      return fake;
    },
    /** The kernel says so many times 100 kB. */
    say(count: number) {
      for (let i = 0; i < count; i++) {
        const content = { name: 'stdout', text: 'x'.repeat(100_000) };
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
});
