import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get, request, type IncomingMessage, type RequestListener } from 'node:http';
import { get as getSecure } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectSecure } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { silentLog, type Log } from '../../../src/log.js';
import { portsToTry } from '../../../src/server/listen-bind.js';
import {
  listen,
  ListenError,
  originsOf,
  type Listening,
  type ListenOptions,
} from '../../../src/server/listen.js';
import { loadTls, type TlsSource } from '../../../src/tls/index.js';
import { makePair } from '../tls/make-pair.js';

let directory: string;
const open: { close(): unknown }[] = [];
const answer: RequestListener = (_req, res) => void res.end('hello');

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nbserver-listen-'));
});
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
  rmSync(directory, { recursive: true });
});

async function start(options: Partial<ListenOptions> = {}): Promise<Listening> {
  const listening = await listen({
    handler: answer,
    onUpgrade: (_req, socket) => socket.destroy(),
    ip: '127.0.0.1',
    port: 0,
    portGiven: true,
    portRetries: 0,
    log: silentLog,
    ...options,
  });
  open.push(listening);
  return listening;
}

async function certificate(): Promise<TlsSource> {
  const certfile = join(directory, 'c.pem');
  writeFileSync(certfile, makePair().pem);
  const tls = await loadTls({ certfile, log: silentLog });
  open.push(tls);
  return tls;
}

async function text(
  response: Promise<IncomingMessage>,
): Promise<{ status?: number; body: string; message: IncomingMessage }> {
  const message = await response;
  let body = '';
  for await (const chunk of message) body += String(chunk);
  return { ...(message.statusCode ? { status: message.statusCode } : {}), body, message };
}

const plain = (url: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get(url, { agent: false }, resolve).on('error', reject));
const bySocket = (socketPath: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get({ socketPath, agent: false }, resolve).on('error', reject));
const secure = (port: number): Promise<IncomingMessage> =>
  new Promise((resolve, reject) =>
    getSecure({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false }, resolve).on(
      'error',
      reject,
    ),
  );

/** A port that somebody else holds. */
async function taken(host = '127.0.0.1'): Promise<number> {
  const server: Server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  open.push({ close: () => new Promise((resolve) => server.close(resolve)) });
  return (server.address() as { port: number }).port;
}

describe('listen', () => {
  it('serves, names its port and its address, and is gone after close', async () => {
    const { port, addresses, origins, close } = await start();
    expect(addresses).toEqual(['127.0.0.1']);
    expect(origins).toEqual([`http://127.0.0.1:${port}`]);
    expect((await text(plain(`${origins[0]}/`))).body).toBe('hello');
    await close();
    await expect(plain(`http://127.0.0.1:${port}/`)).rejects.toThrow('ECONNREFUSED');
  });

  it('listens on both loopback addresses for localhost', async () => {
    const { port, addresses, origins } = await start({ ip: 'localhost' });
    expect(origins).toEqual([`http://localhost:${port}`]);
    expect(addresses[0]).toBe('127.0.0.1');
    for (const address of addresses) {
      const host = address.includes(':') ? `[${address}]` : address;
      expect((await text(plain(`http://${host}:${port}/`))).body).toBe('hello');
    }
  });

  it('listens on all interfaces for *', async () => {
    const { port, origins } = await start({ ip: '*' });
    expect(origins[0]).toBe(`http://localhost:${port}`);
    expect((await text(plain(`http://127.0.0.1:${port}/`))).body).toBe('hello');
  });

  it('refuses a given port that is taken', async () => {
    const port = await taken();
    const attempt = start({ port, portGiven: true, portRetries: 50 });
    await expect(attempt).rejects.toThrow(ListenError);
    await expect(attempt).rejects.toThrow(`Port ${port} is already in use`);
  });

  it('searches on from the default port only', async () => {
    const port = await taken();
    const lines: string[] = [];
    const log: Log = { ...silentLog, info: (line) => void lines.push(line) };
    const listening = await start({ port, portGiven: false, portRetries: 50, log });
    expect(listening.port).not.toBe(port);
    expect(lines[0]).toBe(`The port ${port} is already in use, trying another port.`);
  });

  it('says so when no retries are allowed', async () => {
    const port = await taken();
    await expect(start({ port, portGiven: false, portRetries: 0 })).rejects.toThrow(ListenError);
  });

  it.each([
    ['203.0.113.77', /no address 203\.0\.113\.77/],
    ['no-such-host.invalid', /--ip|Cannot listen/],
  ])('explains the address %s', async (ip, sentence) => {
    await expect(start({ ip })).rejects.toThrow(sentence);
  });

  it('ends keep-alive and upgraded connections on close', async () => {
    let upgraded: Socket | undefined;
    const { port, close } = await start({
      onUpgrade: (_req, socket) => {
        upgraded = socket as Socket;
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
      },
    });
    const idle = connect(port, '127.0.0.1');
    idle.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle, 'data');
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
    await once(socket, 'data');
    const ended = Promise.all([once(idle.resume(), 'close'), once(socket.resume(), 'close')]);
    await close();
    await ended;
    expect(upgraded?.destroyed).toBe(true);
  });

  it('ends idle connections on closeIdle and lets others finish', async () => {
    let arrived: (finish: () => void) => void;
    const slow = new Promise<() => void>((resolve) => (arrived = resolve));
    const { port, closeIdle } = await start({
      handler: (req, res) => {
        if (req.url === '/slow') arrived(() => void res.end('done'));
        else res.end('hello');
      },
    });
    const idle = connect(port, '127.0.0.1');
    idle.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle, 'data');
    const busy = text(plain(`http://127.0.0.1:${port}/slow`));
    const finish = await slow;
    const closed = once(idle.resume(), 'close');
    closeIdle();
    await closed;
    finish();
    expect((await busy).body).toBe('done');
  });

  it('answers 431 to headers over 16 kB', async () => {
    const { port } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toContain('431');
  });

  it('asks for the body of an upload only when somebody reads it', async () => {
    const seen: string[] = [];
    const { port } = await start({
      handler: (req, res) => {
        if (req.url === '/refused') return void res.writeHead(403, { Connection: 'close' }).end();
        let length = 0;
        req.on('data', (chunk: Buffer) => (length += chunk.length));
        req.on('end', () => res.end(String(length)));
      },
    });
    const send = (path: string): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const upload = request({
          port,
          path,
          method: 'PUT',
          headers: { Expect: '100-continue', 'Content-Length': 5 },
        });
        upload.on('continue', () => {
          seen.push(path);
          upload.end('12345');
        });
        upload.on('response', resolve).on('error', reject);
        upload.flushHeaders();
      });
    expect((await send('/refused')).statusCode).toBe(403);
    expect((await text(send('/taken'))).body).toBe('5');
    expect(seen).toEqual(['/taken']);
  });
});

describe('listen with TLS', () => {
  it('serves https and sends http to it, on one port', async () => {
    const { port, origins } = await start({ tls: await certificate() });
    expect(origins).toEqual([`https://127.0.0.1:${port}`]);
    expect((await text(secure(port))).body).toBe('hello');
    const { status, message } = await text(plain(`http://127.0.0.1:${port}/x/tree?a=1`));
    expect(status).toBe(308);
    expect(message.headers.location).toBe(`https://127.0.0.1:${port}/x/tree?a=1`);
  });

  it.each([
    ['GET / HTTP/1.1\r\nHost: evil.org/x\r\n\r\n', '403'],
    ['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', '403'],
    ['GET / HTTP/1.0\r\n\r\n', '403'],
    ['GET http://evil.org/ HTTP/1.1\r\nHost: ok.org\r\n\r\n', 'Location: https://ok.org/\r\n'],
    ['GET / HTTP/1.1\r\nHost: listed.out\r\n\r\n', '403'],
    ['NONSENSE\r\n\r\n', '400'],
  ])('checks what it echoes: %j', async (raw, expected) => {
    const { port } = await start({ tls: await certificate(), hostAllowed: (host) => host !== 'listed.out' });
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.write(raw);
    await once(socket, 'close');
    expect(received).toContain(expected);
    expect(received).not.toContain('evil');
  });

  it('offers TLS 1.2 and 1.3 with forward secrecy, and nothing older', async () => {
    const { port } = await start({ tls: await certificate() });
    const shake = (options: object): Promise<string> =>
      new Promise((resolve) => {
        const socket = connectSecure(
          { port, host: '127.0.0.1', rejectUnauthorized: false, ...options },
          () => {
            resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
            socket.destroy();
          },
        );
        socket.on('error', () => resolve('refused'));
      });
    expect(await shake({})).toMatch(/^TLSv1\.3 /);
    expect(await shake({ maxVersion: 'TLSv1.2' })).toMatch(/^TLSv1\.2 ECDHE-.*(GCM|CHACHA20)/);
    expect(await shake({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' })).toBe(
      'refused',
    );
    expect(await shake({ maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' })).toBe('refused');
    expect(await shake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA' })).toBe('refused');
  });

  it('serves a replaced certificate to new connections while old ones go on', async () => {
    const tls = await certificate();
    const { port } = await start({ tls });
    const old = connectSecure({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(old, 'secureConnect');
    const before = old.getPeerCertificate().fingerprint256;
    writeFileSync(join(directory, 'c.pem'), makePair().pem);
    await tls.reload();
    const fresh = connectSecure({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(fresh, 'secureConnect');
    expect(fresh.getPeerCertificate().fingerprint256).toBe(tls.info.fingerprint256);
    expect(fresh.getPeerCertificate().fingerprint256).not.toBe(before);
    old.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [data] = (await once(old, 'data')) as [Buffer];
    expect(data.toString()).toContain('200');
    old.destroy();
    fresh.destroy();
  });

  it('survives clients that send nonsense or go away', async () => {
    const { port } = await start({ tls: await certificate() });
    for (const bytes of ['', '\x16', '\x16\x03\x01\xff\xff' + 'x'.repeat(500), '\x00\x01\x02']) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      if (bytes) socket.write(Buffer.from(bytes, 'latin1'));
      socket.end();
      await once(socket.resume(), 'close');
    }
    const abrupt = connect(port, '127.0.0.1');
    await once(abrupt, 'connect');
    abrupt.resetAndDestroy();
    expect((await text(secure(port))).body).toBe('hello');
  });
});

describe('listen on a unix socket', () => {
  it('has the mode that was asked for, serves, and leaves no file', async () => {
    const sock = join(directory, 's.sock');
    const { port, origins, addresses, close } = await start({ sock });
    expect({ port, origins, addresses }).toEqual({ port: 0, origins: [], addresses: [sock] });
    expect(statSync(sock).mode & 0o777).toBe(0o600);
    expect((await text(bySocket(sock))).body).toBe('hello');
    await close();
    expect(existsSync(sock)).toBe(false);
    await start({ sock, sockMode: 0o660 });
    expect(statSync(sock).mode & 0o777).toBe(0o660);
  });

  it('replaces what a dead server left, not what a living one holds', async () => {
    const sock = join(directory, 's.sock');
    const { default: child } = await import('node:child_process');
    // A process that dies without closing leaves its socket file.
    child.spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(sock)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    expect(existsSync(sock)).toBe(true);
    await start({ sock });
    await expect(start({ sock })).rejects.toThrow(/Another server listens/);
    expect((await text(bySocket(sock))).body).toBe('hello');
  });

  it('never removes a file that is no socket', async () => {
    const sock = join(directory, 'notes.txt');
    writeFileSync(sock, 'mine');
    chmodSync(sock, 0o600);
    await expect(start({ sock })).rejects.toThrow(/is not a socket/);
    expect(existsSync(sock)).toBe(true);
  });

  it.each([
    ['/nowhere/at/all.sock', /folder/],
    [`/tmp/${'x'.repeat(200)}.sock`, /longer than/],
  ])('explains %s', async (sock, sentence) => {
    await expect(start({ sock })).rejects.toThrow(sentence);
  });
});

describe('portsToTry', () => {
  it('tries four more in a row, then at random around', () => {
    const ports = portsToTry(8888, 50);
    expect(ports.slice(0, 5)).toEqual([8888, 8889, 8890, 8891, 8892]);
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(8888 - 102);
    expect(Math.max(...ports)).toBeLessThanOrEqual(8888 + 102);
  });

  it('stays among the ports that exist', () => {
    expect(portsToTry(1, 3, () => 0)).toEqual([1, 2, 3, 4]);
    for (const port of portsToTry(65_535, 50)) expect(port).toBeLessThanOrEqual(65_535);
    for (const port of portsToTry(2, 50, () => 0)) expect(port).toBeGreaterThanOrEqual(1);
  });

  it('tries one port without retries', () => {
    expect(portsToTry(8888, 0)).toEqual([8888]);
  });
});

describe('originsOf', () => {
  it.each([
    ['localhost', 'http', 8888, ['http://localhost:8888']],
    ['::1', 'http', 8888, ['http://[::1]:8888']],
    ['nb.lan', 'https', 443, ['https://nb.lan']],
  ] as const)('%s %s %s', (ip, scheme, port, origins) => {
    expect(originsOf(ip, scheme, port)).toEqual(origins);
  });

  it('names every address for *', () => {
    const origins = originsOf('*', 'https', 9999);
    expect(origins[0]).toBe('https://localhost:9999');
    expect(origins.every((origin) => URL.canParse(origin))).toBe(true);
    expect(origins.join()).not.toContain('fe80');
  });
});
