/** The sockets to a kernel, against a real ZeroMQ publisher: what waits while no client has room. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Publisher } from 'zeromq';
import { KernelChannels } from '../../../src/kernels/channels.js';
import { endpoint, newConnection } from '../../../src/kernels/connection-file.js';
import type { ConnectionInfo } from '../../../src/kernels/connection-file.js';
import { makeMessage } from '../../../src/kernels/message-factory.js';
import { ReadAheadBudget } from '../../../src/kernels/read-ahead.js';
import { WireSignature } from '../../../src/wire-signature.js';
import { everything } from '../../tier.js';

/** Only ends what hangs. */
const patience = { timeout: 30_000 };

let folder: string;
let connection: ConnectionInfo;
const open: { close(): void }[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nbserver-channels-'));
  const socketPath = join(folder, 'k');
  connection = await newConnection({ kernelName: 'test', transport: 'ipc', socketPath });
});
afterEach(() => {
  for (const each of open.splice(0)) each.close();
  rmSync(folder, { recursive: true });
});

/** Channels that count what they pass on; `hold` is asked after each message. */
async function channels(budget: ReadAheadBudget, hold: () => Promise<void> | undefined) {
  const passedOn: number[] = [];
  const made = await KernelChannels.open(connection, budget, {
    onMessage: (_, { content }) => passedOn.push((JSON.parse(content.toString()) as { i: number }).i),
    onRefused: (_, error) => expect.fail(String(error)),
    holdReading: hold,
  });
  open.push(made);
  return { made, passedOn };
}

/** Publishes until somebody hears it: what is sent before a subscription is in force is lost. */
async function connect(send: (i: number) => Promise<void>, passedOn: number[]): Promise<void> {
  while (passedOn.length === 0) {
    await send(-1);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await expect.poll(() => passedOn.every((i) => i === -1), patience).toBe(true);
}

describe('while no client has room', () => {
  it('messages wait in order up to the bound; beyond it the oldest are passed on to who cannot keep up', async () => {
    const publisher = new Publisher({ linger: 0, sendHighWaterMark: 0 });
    open.push(publisher);
    await publisher.bind(endpoint(connection, 'iopub'));
    const signature = new WireSignature(connection.key);
    const send = (i: number) =>
      publisher.send(
        signature.encode(makeMessage('s', 'stream', { content: { i, text: 'x'.repeat(10_000) } }).message),
      );
    const budget = new ReadAheadBudget(500_000);
    let isFull = false;
    let makeRoom = () => {};
    const { made, passedOn } = await channels(budget, () =>
      isFull ? new Promise<void>((resolve) => (makeRoom = resolve)) : undefined,
    );
    await connect(send, passedOn);
    const before = passedOn.length;
    isFull = true;
    for (let i = 0; i < 200; i++) await send(i);
    // Some 40 fit: the others are passed on although there is no room.
    await expect.poll(() => passedOn.length - before, patience).toBeGreaterThan(140);
    expect(passedOn.length - before).toBeLessThan(170);
    expect(budget.used).toBeGreaterThan(400_000);
    expect(budget.used).toBeLessThanOrEqual(budget.bound);

    isFull = false;
    makeRoom();
    await expect.poll(() => passedOn.at(-1), patience).toBe(199);
    expect(passedOn.filter((i) => i >= 0)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(budget.used).toBe(0);

    // What waits when a kernel ends is counted no more.
    isFull = true;
    for (let i = 200; i < 210; i++) await send(i);
    await expect.poll(() => budget.used, patience).toBeGreaterThan(50_000);
    made.close();
    expect(budget.used).toBe(0);
  });
});

describe('while the server is not there to read', () => {
  it.runIf(everything)(
    'libzmq takes in tens of thousands of messages, and then the kernel has to wait',
    async () => {
      const budget = new ReadAheadBudget(1e9);
      const { passedOn } = await channels(budget, () => undefined);
      const sent = 200_000;
      const state = new Int32Array(new SharedArrayBuffer(8));
      // A kernel with the usual high-water mark: it drops what it cannot send.
      const worker = new Worker(
        `const { workerData, parentPort } = require('node:worker_threads');
       const { createHmac } = require('node:crypto');
       const { Publisher } = require('zeromq');
       const { address, key, sent, state } = workerData;
       const frames = (i) => {
         const header = { msg_id: String(i), msg_type: 'stream' };
         const parts = [header, {}, {}, { i }].map((part) => Buffer.from(JSON.stringify(part)));
         const hmac = createHmac('sha256', key);
         for (const part of parts) hmac.update(part);
         return ['topic', '<IDS|MSG>', hmac.digest('hex'), ...parts];
       };
       (async () => {
         const publisher = new Publisher({ linger: 0 });
         await publisher.bind(address);
         for (let i = 1; Atomics.load(state, 0) === 0; i++) {
           await publisher.send(frames(-i));
           await new Promise((resolve) => setTimeout(resolve, 10));
         }
         for (let i = 0; i < sent; i++) await publisher.send(frames(i));
         await new Promise((resolve) => setTimeout(resolve, 500));
         Atomics.store(state, 1, 1);
         Atomics.notify(state, 1);
         parentPort.once('message', () => publisher.close());
       })();`,
        {
          eval: true,
          workerData: { address: endpoint(connection, 'iopub'), key: connection.key, sent, state },
        },
      );
      await expect.poll(() => passedOn.length, patience).toBeGreaterThan(0);
      Atomics.store(state, 0, 1);
      // Nothing is read meanwhile.
      Atomics.wait(state, 1, 0);
      let last = -1;
      await expect.poll(() => last === (last = passedOn.length), { ...patience, interval: 500 }).toBe(true);
      const arrived = passedOn.filter((i) => i >= 0);
      expect(arrived.length).toBeGreaterThan(50_000);
      expect(arrived.length).toBeLessThan(sent / 2);
      // Without a gap up to where the kernel had to drop.
      expect(arrived.slice(0, 50_000)).toEqual(Array.from({ length: 50_000 }, (_, i) => i));
      worker.postMessage('end');
      await once(worker, 'exit');
    },
  );
});
