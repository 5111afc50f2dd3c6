/** The sockets to a kernel, against a real ZeroMQ publisher: what waits while no client has room. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Publisher, Router } from 'zeromq';
import { KernelChannels } from '../../../src/kernels/channels.js';
import { newConnection } from '../../../src/kernels/connection-file.js';
import type { ConnectionInfo } from '../../../src/kernels/connection-file.js';
import { makeMessage } from '../../../src/kernels/message-factory.js';
import { ReadAhead, ReadAheadBudget } from '../../../src/kernels/read-ahead.js';
import { WireSignature } from '../../../src/wire-signature.js';

let folder: string;
let connection: ConnectionInfo;
const open: { close(): void }[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nbserver-channels-'));
  const socketPath = join(folder, 'k');
  connection = await newConnection({ kernelName: 'test', transport: 'ipc', socketPath });
  // What a kernel listens on is looked for when it listens on shell.
  const shell = new Router({ linger: 0 });
  open.push(shell);
  await shell.bind(`ipc://${connection.ip}-${connection.shell_port}`);
});
afterEach(() => {
  for (const each of open.splice(0)) each.close();
  rmSync(folder, { recursive: true });
});

/** Where the kernel publishes. */
const address = () => `ipc://${connection.ip}-${connection.iopub_port}`;

/** Channels that count what they pass on; `hold` is asked after each message, and `each` is told of it. */
function channels(
  budget: ReadAheadBudget,
  hold: (over: AbortSignal) => Promise<void> | undefined,
  each: (i: number) => void = () => {},
) {
  const passedOn: number[] = [];
  let reconnected = 0;
  const made = new KernelChannels(connection, budget, {
    onMessage: (_, { content }) => {
      const { i } = JSON.parse(content.toString()) as { i: number };
      passedOn.push(i);
      each(i);
    },
    onRefused: (_, error) => expect.fail(String(error)),
    holdReading: hold,
    onReconnected: () => (reconnected += 1),
  });
  open.push(made);
  return { made, passedOn, reconnected: () => reconnected };
}

/** A kernel's publisher. @returns what sends a numbered message of it */
async function publish(text?: string): Promise<(i: number, other?: string) => Promise<void>> {
  const publisher = new Publisher({ linger: 0, sendHighWaterMark: 0 });
  open.push(publisher);
  await publisher.bind(address());
  const signature = new WireSignature(connection.key);
  return (i, other = text) =>
    publisher.send(signature.encode(makeMessage('s', 'stream', { content: { i, text: other } }).message));
}

/** Publishes until somebody hears it: what is sent before a subscription is in force is lost. */
async function connect(send: (i: number) => Promise<void>, passedOn: number[]): Promise<void> {
  while (passedOn.length === 0) {
    await send(-1);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await expect.poll(() => passedOn.every((i) => i === -1)).toBe(true);
}

describe('while no client has room', () => {
  it('messages wait in order up to the bound; beyond it the oldest are passed on to who cannot keep up', async () => {
    const send = await publish('x'.repeat(10_000));
    const budget = new ReadAheadBudget(500_000);
    let isFull = false;
    let makeRoom = () => {};
    const { made, passedOn } = channels(budget, () =>
      isFull ? new Promise<void>((resolve) => (makeRoom = resolve)) : undefined,
    );
    await connect(send, passedOn);
    const before = passedOn.length;
    isFull = true;
    for (let i = 0; i < 200; i++) await send(i);
    // Some 40 fit: the others are passed on although there is no room.
    await expect.poll(() => passedOn.length - before).toBeGreaterThan(140);
    expect(passedOn.length - before).toBeLessThan(170);
    expect(budget.used).toBeGreaterThan(400_000);
    expect(budget.used).toBeLessThanOrEqual(budget.bound);

    isFull = false;
    makeRoom();
    await expect.poll(() => passedOn.at(-1)).toBe(199);
    expect(passedOn.filter((i) => i >= 0)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(budget.used).toBe(0);

    // What waits when a kernel ends is counted no more.
    isFull = true;
    for (let i = 200; i < 210; i++) await send(i);
    await expect.poll(() => budget.used).toBeGreaterThan(50_000);
    made.close();
    expect(budget.used).toBe(0);
  });
});

it('what waits is held again after each message, however much it is', async () => {
  const send = await publish('x'.repeat(1_000_000));
  const budget = new ReadAheadBudget(1e9);
  let isFull = false;
  let makeRoom = () => {};
  const { passedOn } = channels(budget, () =>
    isFull ? new Promise<void>((resolve) => (makeRoom = resolve)) : undefined,
  );
  await connect(send, passedOn);
  const before = passedOn.length;
  isFull = true;
  const count = 80;
  for (let i = 0; i < count; i++) await send(i);
  await expect.poll(() => budget.used).toBeGreaterThan(79e6);
  for (let rooms = 1; rooms <= 3; rooms++) {
    expect(passedOn.length - before).toBe(rooms);
    // More has come in the moment when there is room, and is read before anything is passed on.
    await new Promise((resolve) => setTimeout(resolve, 1));
    const sent = send(count + rooms - 1, '');
    for (const end = performance.now() + 20; performance.now() < end;);
    makeRoom();
    await sent;
    await expect.poll(() => passedOn.length - before).toBeGreaterThan(rooms);
  }
  isFull = false;
  makeRoom();
  await expect.poll(() => passedOn.at(-1)).toBe(count + 2);
  expect(passedOn.filter((i) => i >= 0)).toEqual(Array.from({ length: count + 3 }, (_, i) => i));
});

it('what waits is passed on at once when there is a hurry, and a kernel that is to end is not held again', async () => {
  const send = await publish();
  const budget = new ReadAheadBudget(1e9);
  let isFull = false;
  const given: AbortSignal[] = [];
  const { made, passedOn } = channels(budget, (over) => {
    if (!isFull) return undefined;
    given.push(over);
    return new Promise(() => {});
  });
  await connect(send, passedOn);
  isFull = true;
  const waiting = async (from: number) => {
    const before = passedOn.length;
    for (let i = from; i < from + 10; i++) await send(i);
    await expect.poll(() => budget.used).toBeGreaterThan(9 * 256);
    await expect.poll(() => passedOn.length).toBe(before + 1);
  };
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  await waiting(0);
  made.hurry('waiting');
  await expect.poll(() => passedOn.filter((i) => i >= 0)).toEqual(numbers(10));
  expect(given.map(({ aborted }) => aborted)).toEqual([true]);
  // What comes later waits again.
  await waiting(10);
  made.hurry('all');
  for (let i = 20; i < 30; i++) await send(i);
  await expect.poll(() => passedOn.filter((i) => i >= 0)).toEqual(numbers(30));
  expect(given.map(({ aborted }) => aborted)).toEqual([true, true]);
});

describe('everybody else gets a turn in between', () => {
  /** Channels whose listener needs more than a millisecond for each message, and in how many turns they were passed on. */
  function slowChannels(budget: ReadAheadBudget, hold: () => Promise<void> | undefined) {
    const turnOf = new Map<number, number>();
    let turn = 0;
    let counting = true;
    const next = () => {
      turn += 1;
      if (counting) setImmediate(next);
    };
    next();
    open.push({ close: () => (counting = false) });
    const { passedOn } = channels(budget, hold, (i) => {
      turnOf.set(i, turn);
      for (const end = performance.now() + 1; performance.now() < end;);
    });
    const turns = () => new Set([...turnOf].filter(([i]) => i >= 0).map(([, at]) => at)).size;
    return { passedOn, turns };
  }
  const numbers = Array.from({ length: 200 }, (_, i) => i);

  it('of a flood', async () => {
    const send = await publish();
    const { passedOn, turns } = slowChannels(new ReadAheadBudget(1e9), () => undefined);
    await connect(send, passedOn);
    for (const i of numbers) await send(i);
    await expect.poll(() => passedOn.at(-1)).toBe(199);
    expect(passedOn.filter((i) => i >= 0)).toEqual(numbers);
    expect(turns()).toBeGreaterThan(30);
  });

  it('when what waits has to go because another kernel says much', async () => {
    const send = await publish();
    const budget = new ReadAheadBudget(1e6);
    let isFull = false;
    const { passedOn, turns } = slowChannels(budget, () => (isFull ? new Promise(() => {}) : undefined));
    await connect(send, passedOn);
    isFull = true;
    for (const i of numbers) await send(i);
    // The first one was passed on before it was known that nobody has room.
    await expect.poll(() => budget.used).toBeGreaterThan(199 * 256);
    new ReadAhead(budget).push(Buffer.alloc(1e6));
    await send(200);
    await expect.poll(() => passedOn.at(-1)).toBe(200);
    expect(turns()).toBeGreaterThan(30);
  });
});

it('a kernel that says more than can be passed on has to wait, with large messages sooner', async () => {
  const send = await publish('x'.repeat(1_000_000));
  const budget = new ReadAheadBudget(1e9);
  let most = 0;
  const { passedOn } = channels(
    budget,
    () => undefined,
    () => {
      most = Math.max(most, budget.used);
      for (const end = performance.now() + 5; performance.now() < end;);
    },
  );
  await connect(send, passedOn);
  const numbers = Array.from({ length: 35 }, (_, i) => i);
  for (const i of numbers) await send(i);
  await expect.poll(() => passedOn.at(-1)).toBe(34);
  expect(passedOn.filter((i) => i >= 0)).toEqual(numbers);
  expect(most).toBeLessThan(20e6);
});

it('a question comes after the text that waits', async () => {
  const send = await publish();
  const stdin = new Router({ linger: 0 });
  open.push(stdin);
  await stdin.bind(`ipc://${connection.ip}-${connection.stdin_port}`);
  const [shell] = open as Router[];
  let isFull = false;
  let makeRoom = () => {};
  const budget = new ReadAheadBudget(1e9);
  const { made, passedOn } = channels(budget, () =>
    isFull ? new Promise<void>((resolve) => (makeRoom = resolve)) : undefined,
  );
  await connect(send, passedOn);
  made.send('shell', makeMessage('s', 'execute_request').message);
  const [asker] = (await shell?.receive()) ?? [];
  const ask = (i: number) => {
    const { message } = makeMessage('s', 'input_request', { content: { i } });
    return stdin.send([asker ?? '', ...new WireSignature(connection.key).encode(message)]);
  };
  await ask(100);
  await expect.poll(() => passedOn.at(-1)).toBe(100);
  isFull = true;
  await send(0);
  await expect.poll(() => passedOn.at(-1)).toBe(0);
  await send(1);
  await expect.poll(() => budget.used).toBeGreaterThan(0);
  const before = budget.used;
  await ask(101);
  await expect.poll(() => budget.used).toBeGreaterThan(before);
  isFull = false;
  makeRoom();
  await expect.poll(() => passedOn.slice(-2)).toEqual([1, 101]);
});

describe('when a kernel has ended', () => {
  it('what is still in the sockets is passed on, however busy this process was', async () => {
    const send = await publish();
    const { made, passedOn } = channels(new ReadAheadBudget(1e9), () => undefined);
    await connect(send, passedOn);
    for (let round = 0; round < 5; round++) {
      const drained = made.drained(20, 30_000);
      await send(round);
      // Long enough for the message to come, and for every timer to be due.
      for (const end = performance.now() + 60; performance.now() < end;);
      await drained;
      expect(passedOn.at(-1)).toBe(round);
    }
  });

  it('the end of its sockets is the end of what it says', async () => {
    const publisher = new Publisher({ linger: 0 });
    await publisher.bind(address());
    const signature = new WireSignature(connection.key);
    const { made, passedOn } = channels(new ReadAheadBudget(1e9), () => undefined);
    await connect(
      (i) => publisher.send(signature.encode(makeMessage('s', 'stream', { content: { i } }).message)),
      passedOn,
    );
    for (const each of [publisher, ...open.splice(0)]) if (each !== made) each.close();
    open.push(made);
    // By the clock alone it would take an hour.
    await made.drained(3_600_000, 3_600_000);
    expect(made.isConnected).toBe(false);
  });
});

it('a lost connection is made again, and both sockets that can be asked on have the same new name', async () => {
  const names = ['shell', 'stdin', 'control', 'iopub'] as const;
  connection = await newConnection({
    kernelName: 'test',
    transport: 'ipc',
    socketPath: join(folder, 'lost'),
  });
  // The kernel's sockets are behind others, whose connections can be cut.
  const cut: Record<string, (() => void)[]> = {};
  const sockets: Record<string, Router | Publisher> = {};
  for (const name of names) {
    const path = `${connection.ip}-${connection[`${name}_port`]}`;
    const socket = name === 'iopub' ? new Publisher({ linger: 0 }) : new Router({ linger: 0 });
    sockets[name] = socket;
    open.push(socket);
    await socket.bind(`ipc://${path}.real`);
    const server = createServer((near) => {
      const far = connectTo(`${path}.real`);
      near.pipe(far).pipe(near);
      for (const each of [near, far]) each.on('error', () => {});
      (cut[name] ??= []).push(() => [near, far].forEach((each) => each.destroy()));
    }).listen(path);
    open.push({ close: () => void server.close() });
    open.push({
      close: () =>
        Object.values(cut)
          .flat()
          .forEach((end) => end()),
    });
  }
  const [shell, stdin] = [sockets['shell'] as Router, sockets['stdin'] as Router];
  const { made, passedOn, reconnected } = channels(new ReadAheadBudget(1e9), () => undefined);
  await expect.poll(() => made.isConnected).toBe(true);
  const request = () => made.send('shell', makeMessage('s', 'execute_request').message);
  request();
  const [before] = await shell.receive();
  expect(reconnected()).toBe(0);

  cut['shell']?.forEach((end) => end());
  await expect.poll(reconnected).toBe(1);
  request();
  const [after] = await shell.receive();
  expect(String(after)).not.toBe(String(before));
  const question = makeMessage('s', 'input_request', { content: { i: 7 } }).message;
  await stdin.send([after ?? '', ...new WireSignature(connection.key).encode(question)]);
  await expect.poll(() => passedOn).toEqual([7]);
});
