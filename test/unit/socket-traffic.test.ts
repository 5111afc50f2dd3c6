/** What a slow client has taken of one long write is known before its end. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectSafely, createServer as createSafeServer } from 'node:tls';
import { expect, it } from 'vitest';
import { bytesTaken } from '../../src/socket-traffic.js';
import { makeCertificate } from '../../src/tls/index.js';

const MB = 1_000_000;

const plain = async () => ({ server: createServer(), event: 'connection', dial: connect });
const safe = async () => {
  const { pem } = await makeCertificate();
  const dial = (port: number, host: string) => connectSafely({ port, host, rejectUnauthorized: false });
  return { server: createSafeServer({ key: pem, cert: pem }) as Server, event: 'secureConnection', dial };
};

it.each([
  ['plain', plain],
  ['TLS', safe],
])('%s', async (_, make) => {
  const { server, event, dial } = await make();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, event) as Promise<[Socket]>;
  const peer = dial((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = await accepted;
  peer.pause();
  const before = bytesTaken(socket);
  socket.write(Buffer.alloc(24 * MB));
  socket.write(Buffer.alloc(MB));
  // What the system's buffers hold.
  await expect.poll(() => bytesTaken(socket) - before).toBeGreaterThan(0);
  const held = bytesTaken(socket) - before;
  expect(held).toBeLessThan(20 * MB);
  let read = 0;
  peer.on('data', (chunk: Buffer) => (read += chunk.length)).resume();
  await expect.poll(() => bytesTaken(socket) - before).toBeGreaterThanOrEqual(25 * MB);
  expect(bytesTaken(socket) - before).toBeLessThan(26 * MB);
  await expect.poll(() => read).toBe(25 * MB);
  for (const each of [peer, socket]) each.destroy();
  server.close();
  expect(bytesTaken(socket)).toBe(0);
});

it('nothing is known of what is no socket of the system', () => {
  expect(bytesTaken(new Duplex())).toBe(0);
});
