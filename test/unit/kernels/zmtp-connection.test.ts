/** Our ZeroMQ sockets against those of libzmq, which nearly all kernels use, and against peers that libzmq cannot play. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Publisher, Router, XPublisher } from 'zeromq';
import type { SocketAddress } from '../../../src/kernels/connection-file.js';
import { ZmtpConnection } from '../../../src/kernels/zmtp-connection.js';
import type { ZmtpOptions } from '../../../src/kernels/zmtp-connection.js';
import { framesOf } from '../../../src/kernels/zmtp-reader.js';
import type { ZmtpSocketType } from '../../../src/protocol/zmtp.js';

let folder: string;
const open: { close(): void }[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nbserver-zmtp-'))));
afterEach(() => {
  for (const each of open.splice(0)) each.close();
  rmSync(folder, { recursive: true });
});

function connection(
  type: ZmtpSocketType,
  address: SocketAddress,
  routingId?: () => string,
  options: Partial<ZmtpOptions> = {},
) {
  const messages: Buffer[][] = [];
  const errors: string[] = [];
  let opened = 0;
  const made = new ZmtpConnection({
    type,
    address,
    ...(routingId && { routingId }),
    onMessage: (message) => messages.push(framesOf(message)),
    onOpen: () => (opened += 1),
    onError: (error) => errors.push(String(error)),
    ...options,
  });
  open.push(made);
  made.connect();
  return { made, messages, errors, opened: () => opened };
}

function router(): Router {
  const made = new Router({ linger: 0 });
  open.push(made);
  return made;
}

const texts = (message: readonly Buffer[] | undefined) => message?.map(String);
const sizes = [0, 1, 255, 256, 70_000, 3_000_000];

describe.each(['tcp', 'ipc'])('over %s', (transport) => {
  it('a dealer reaches a router that listens later, under its name, and frames of all sizes come back whole', async () => {
    const path = join(folder, 'r');
    const port = await freePort();
    const dealer = connection(
      'DEALER',
      transport === 'ipc' ? { path } : { host: '127.0.0.1', port },
      () => 'me',
    );
    dealer.made.send([Buffer.from('early')]);
    dealer.made.send([Buffer.from('second'), ...sizes.map((size) => Buffer.alloc(size, 7))]);
    const peer = router();
    await peer.bind(transport === 'ipc' ? `ipc://${path}` : `tcp://127.0.0.1:${port}`);
    expect(texts(await peer.receive())).toEqual(['me', 'early']);
    const echo = await peer.receive();
    expect(echo.map(({ length }) => length)).toEqual([2, 6, ...sizes]);
    await peer.send(echo);
    await expect.poll(() => dealer.messages.length).toBe(1);
    expect(dealer.messages[0]?.slice(1).map(({ length }) => length)).toEqual(sizes);
    expect(dealer.messages[0]?.every((frame, i) => i === 0 || frame.every((byte) => byte === 7))).toBe(true);
    expect([dealer.made.isOpen, dealer.opened(), dealer.errors]).toEqual([true, 1, []]);
  });
});

it.each([
  ['PUB', () => new Publisher({ linger: 0, sendHighWaterMark: 0 })],
  ['XPUB, with which kernels greet a subscriber', () => new XPublisher({ linger: 0, sendHighWaterMark: 0 })],
])('a subscriber gets everything from %s, in order', async (_name, make) => {
  const publisher = make();
  open.push(publisher);
  await publisher.bind('tcp://127.0.0.1:*');
  const { messages, errors } = connection('SUB', {
    host: '127.0.0.1',
    port: Number(/\d+$/.exec(publisher.lastEndpoint ?? '')?.[0]),
  });
  while (messages.length === 0) {
    await publisher.send(['', '-1']);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (let i = 0; i < 20_000; i++) await publisher.send(['topic', String(i), Buffer.alloc(i % 1000)]);
  await expect.poll(() => texts(messages.at(-1))?.[1]).toBe('19999');
  const numbers = messages.map((message) => Number(message[1])).filter((i) => i >= 0);
  expect(numbers).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
  expect(errors).toEqual([]);
});

it('a connection that is lost is made again, and subscribes again', async () => {
  const path = join(folder, 'p');
  const subscriber = connection('SUB', { path });
  for (let round = 1; round <= 2; round++) {
    const publisher = new Publisher({ linger: 0 });
    open.push(publisher);
    await publisher.bind(`ipc://${path}`);
    await expect.poll(() => subscriber.opened()).toBe(round);
    while (texts(subscriber.messages.at(-1))?.[0] !== String(round)) {
      await publisher.send([String(round)]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    publisher.close();
    await expect.poll(() => subscriber.made.isOpen).toBe(false);
  }
});

it('a dealer that connects anew has another name, and what it sent meanwhile arrives', async () => {
  const path = join(folder, 'r');
  const peer = router();
  await peer.bind(`ipc://${path}`);
  const names = ['first', 'second'];
  let lost = 0;
  const { made, opened } = connection('DEALER', { path }, () => names.shift() ?? 'none', {
    onLost: () => (lost += 1),
  });
  made.send([Buffer.from('a')]);
  expect(made.unsent).toBe(3);
  expect(texts(await peer.receive())).toEqual(['first', 'a']);
  made.reconnect();
  expect([made.isOpen, lost]).toEqual([false, 1]);
  made.send([Buffer.from('b')]);
  expect(texts(await peer.receive())).toEqual(['second', 'b']);
  expect(opened()).toBe(2);
  await expect.poll(() => made.unsent).toBe(0);
});

describe('a peer that is not libzmq', () => {
  /** Listens, and does with each connection what it is told. */
  async function peer(serve: (socket: Socket, taken: () => Buffer) => void) {
    const sockets: Socket[] = [];
    const server: Server = createServer((socket) => {
      sockets.push(socket);
      let taken = Buffer.alloc(0);
      socket.on('data', (data) => (taken = Buffer.concat([taken, data]))).on('error', () => {});
      serve(socket, () => taken);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({
      close() {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    });
    const { port } = server.address() as AddressInfo;
    return { address: { host: '127.0.0.1', port }, connections: () => sockets.length };
  }

  it('and speaks version 2, as older Java libraries do, is understood', async () => {
    let taken = (): Buffer => Buffer.alloc(0);
    const { address } = await peer((socket, got) => {
      taken = got;
      // Signature, version 2.0, PUB, no name; then a message of two frames.
      socket.write(Buffer.from('ff00000000000000017f' + '01' + '01' + '0000' + '010161' + '000162', 'hex'));
    });
    const { messages, made } = connection('SUB', address);
    await expect.poll(() => messages.map(texts)).toEqual([['a', 'b']]);
    expect(made.isOpen).toBe(true);
    // Our signature and 3, SUB, no name, and the message that subscribes to everything.
    await expect
      .poll(() => taken().toString('hex'))
      .toBe('ff00000000000000017f' + '03' + '02' + '0000' + '000101');
  });

  it('and is silent is left, and tried again', async () => {
    const { address, connections } = await peer(() => {});
    const { opened } = connection('DEALER', address, undefined, { openTimeout: 20 });
    await expect.poll(connections).toBeGreaterThan(2);
    expect(opened()).toBe(0);
  });

  it('and goes is known to be gone in that moment: what is sent from then on waits for the next connection', async () => {
    const taken: (() => Buffer)[] = [];
    const { address } = await peer((socket, got) => {
      taken.push(got);
      // Version 2.0, ROUTER; the first one ends it at once.
      socket.write(Buffer.from('ff00000000000000017f' + '01' + '06' + '0000', 'hex'));
      if (taken.length === 1) socket.end();
    });
    const { made } = connection('DEALER', address, undefined, {
      onLost: () => made.send([Buffer.from(String(made.isOpen))]),
    });
    await expect.poll(() => String(taken[1]?.())).toContain('false');
  });

  it('costs its connection when there is no memory to read to, and nothing else', async () => {
    const { address } = await peer((socket) =>
      socket.write(Buffer.from('ff00000000000000017f' + '01' + '01' + '0000' + '000162', 'hex')),
    );
    const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementationOnce(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    open.push({ close: () => allocate.mockRestore() });
    const { messages, errors } = connection('SUB', address);
    await expect.poll(() => messages.map(texts)).toEqual([['b']]);
    expect(errors).toEqual(['RangeError: Array buffer allocation failed']);
  });

  it('but something else is left alone and tried again: another program may have had the port for a moment', async () => {
    const { address, connections } = await peer((socket) => socket.write('220 mail.example.org ESMTP\r\n'));
    const { errors, opened } = connection('DEALER', address);
    await expect.poll(() => errors.length).toBeGreaterThan(1);
    expect(errors[0]).toContain('not ZeroMQ');
    expect(connections()).toBeGreaterThan(1);
    expect(opened()).toBe(0);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
