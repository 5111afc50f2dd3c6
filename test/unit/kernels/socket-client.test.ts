import { describe, expect, it, vi } from 'vitest';
import { makeMessage } from '../../../src/kernels/message-factory.js';
import { messageBlocks, OutgoingMessage } from '../../../src/kernels/outgoing-message.js';
import { ReplayBudget, ReplayJournal } from '../../../src/kernels/replay-journal.js';
import { SocketClient } from '../../../src/kernels/socket-client.js';
import type { SocketClientOptions } from '../../../src/kernels/socket-client.js';
import { fakeSocket } from './fake-socket.js';

/** @param missed  messages of 100 kB that it is to catch up with */
function setUp(options: Partial<SocketClientOptions> = {}, missed = 0) {
  const journal = new ReplayJournal(new ReplayBudget(1e9), 1e8);
  const blocks = messageBlocks();
  let next = 0;
  const say = (size: number) => {
    const { message, header } = makeMessage('kernel', 'stream', {
      content: { name: 'stdout', text: `${next++} `.padEnd(size, '.') },
    });
    const outgoing = new OutgoingMessage('iopub', message, header, blocks);
    journal.add(outgoing);
    return outgoing;
  };
  const position = journal.newest;
  for (let i = 0; i < missed; i++) say(100_000);
  const fake = fakeSocket();
  const client = new SocketClient({
    sessionId: 'session',
    ws: fake.ws,
    socket: fake.socket,
    framing: 'v1',
    bounds: { streams: 1e8, all: 1e8 },
    limits: undefined,
    journal,
    blocks,
    position,
    counts: false,
    skips: () => false,
    onWritten: () => {},
    onRoom: () => {},
    onUnwritable: () => {},
    ...options,
  });
  const send = (size = 20) => client.send(say(size));
  return { ...fake, journal, client, say, send };
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('SocketClient', () => {
  it('writes what came in one turn in order, and asks whether it has arrived', async () => {
    const { send, numbers, pings, journal, client, answer } = setUp();
    for (let i = 0; i < 1000; i++) send();
    const before = journal.newest - 1000;
    await turn();
    expect(numbers()).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(pings.at(-1)).toBe(String(journal.newest));
    expect(client.position).toBe(before);
    answer(String(journal.newest));
    expect(client.position).toBe(journal.newest);
  });

  it('asks for the end of a flood when there are answers again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const { send, pings, journal, client, answer } = setUp();
      for (let i = 0; i < 70; i++) {
        send();
        await new Promise(setImmediate);
        vi.advanceTimersByTime(100);
      }
      // No more of them are open at once.
      expect(pings).toHaveLength(64);
      answer(pings.at(-1) ?? '');
      expect(pings.at(-1)).toBe(String(journal.newest));
      answer(String(journal.newest));
      expect(client.position).toBe(journal.newest);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves out a message of which no frame can be made, and counts without it', async () => {
    const errors: unknown[] = [];
    const made = setUp({ counts: true, onUnwritable: (error) => errors.push(error) });
    await turn();
    made.send();
    const tooLong = made.say(20);
    vi.spyOn(tooLong, 'frame').mockImplementation(() => {
      throw new RangeError('Too long');
    });
    made.client.send(tooLong);
    made.send();
    await turn();
    expect(errors).toEqual([new RangeError('Too long')]);
    expect(made.numbers()).toEqual([0, 2]);
    // The client is told the number of the next one, as it has not counted the one before.
    expect(made.sequences()).toEqual([made.journal.newest - 3, made.journal.newest - 1]);
  });

  it('takes no number from a pong that answers nothing', async () => {
    const { send, journal, client, answer } = setUp();
    const before = journal.newest;
    send();
    await turn();
    for (const odd of ['', 'x', String(journal.newest + 7)]) answer(odd);
    expect(client.position).toBe(before);
  });

  it('goes on when the socket was full, also of what others wrote to it', async () => {
    const { send, numbers, socket, stop, goOn } = setUp();
    await turn();
    stop();
    socket.write(Buffer.alloc(5_000_000));
    for (let i = 0; i < 10; i++) send(300_000);
    await turn();
    expect(numbers()).toEqual([]);
    goOn();
    await expect.poll(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('is full while its socket takes nothing, and says when it has room', async () => {
    let room = 0;
    const { send, client, stop, goOn, numbers } = setUp({ onRoom: () => (room += 1) });
    await turn();
    stop();
    for (let i = 0; i < 120; i++) send(100_000);
    await turn();
    expect(client.isFull).toBe(true);
    expect(room).toBe(0);
    goOn();
    await expect.poll(() => numbers().length).toBe(120);
    expect(client.isFull).toBe(false);
    expect(room).toBeGreaterThan(0);
  });

  it('says when its socket has all that there was for it, or when it is discarded', async () => {
    for (const discard of [false, true]) {
      const { send, client, stop, goOn, numbers } = setUp();
      await turn();
      stop();
      for (let i = 0; i < 100; i++) send(100_000);
      let isFlushed = false;
      const flushed = client.flushed().then(() => (isFlushed = true));
      await turn();
      expect(isFlushed).toBe(false);
      if (discard) client.discard();
      else goOn();
      await flushed;
      if (discard) expect(numbers().length).toBeLessThan(100);
      else await expect.poll(() => numbers().length).toBe(100);
    }
  });

  it('is full while it has much to catch up with, and says whenever it came closer', async () => {
    let room = 0;
    const made = setUp({ onRoom: () => (room += 1) }, 200);
    made.stop();
    expect(made.client.isFull).toBe(true);
    await turn();
    // A part of it is with the socket.
    expect(made.numbers().length).toBeLessThan(100);
    expect(made.client.isFull).toBe(true);
    expect(room).toBe(0);
    made.send(100_000);
    made.goOn();
    await expect.poll(() => made.numbers().length).toBe(201);
    expect(made.numbers()).toEqual(Array.from({ length: 201 }, (_, i) => i));
    expect(made.client.isFull).toBe(false);
    expect(room).toBeGreaterThan(3);
  });
});
