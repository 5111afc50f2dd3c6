import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { pingWebSockets, type WebSocketPings } from '../../../src/server/websocket-pings.js';

const MB = 1_000_000;
const interval = 20;
/** For what must go on meanwhile in this very process. */
const patient = 100;

describe('pings on websockets', () => {
  let http: Server;
  let sockets: WebSocketServer;
  let pings: WebSocketPings | undefined;
  beforeEach(async () => {
    http = createServer();
    sockets = new WebSocketServer({ server: http });
    use(interval);
    sockets.on('connection', (ws, { socket }) => pings?.watch(ws, socket));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    pings?.close();
    for (const ws of sockets.clients) ws.terminate();
    sockets.close();
    await new Promise((resolve) => http.close(resolve));
  });
  const use = (each: number) => {
    pings?.close();
    pings = pingWebSockets(each);
  };
  const port = () => (http.address() as AddressInfo).port;

  /** @param autoPong  whether it answers */
  const client = (autoPong: boolean) => new WebSocket(`ws://127.0.0.1:${port()}`, { autoPong });

  /** The bare connection of a client that answers no ping. */
  async function silentClient(): Promise<{ socket: Socket; ws: WebSocket }> {
    const accepted = new Promise<WebSocket>((resolve) => sockets.once('connection', resolve));
    const socket = connect(port(), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n',
    );
    return { socket, ws: await accepted };
  }

  it('keep a silent client that answers, and end one that does not', async () => {
    const alive = client(true);
    const gone = client(false);
    let heard = 0;
    alive.on('ping', () => (heard += 1));
    await new Promise((resolve) => gone.once('close', resolve));
    await expect.poll(() => heard).toBeGreaterThan(6);
    expect(alive.readyState).toBe(WebSocket.OPEN);
    expect(sockets.clients.size).toBe(1);
  });

  it('keep a client that takes its time for one long message, until it takes nothing any more', async () => {
    use(patient);
    const { socket, ws } = await silentClient();
    const closed = new Promise((resolve) => ws.once('close', resolve));
    let [bytes, pause] = [0, 0];
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      pause += chunk.length;
      if (pause < MB) return;
      pause = 0;
      socket.pause();
      setTimeout(() => socket.resume(), patient / 4);
    });
    ws.send(Buffer.alloc(30 * MB));
    await closed;
    expect(bytes).toBeGreaterThan(30 * MB);
  });

  it('keep a client that sends one long message, until it sends nothing any more', async () => {
    use(patient);
    const { socket, ws } = await silentClient();
    const closed = new Promise((resolve) => ws.once('close', resolve));
    // The head of a masked frame of 1 MB.
    const head = Buffer.alloc(14);
    head.set([0x82, 0xff]);
    head.writeBigUInt64BE(BigInt(MB), 2);
    socket.write(head);
    const parts = 8 * 4;
    let sent = 0;
    const timer = setInterval(() => {
      socket.write(Buffer.alloc(10));
      sent += 1;
      if (sent === parts) clearInterval(timer);
    }, patient / 2);
    await closed;
    clearInterval(timer);
    expect(sent).toBe(parts);
  });
});
