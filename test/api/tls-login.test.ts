/** Login and websockets over https with our own certificate, and with the one of the classic page. */
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { makeCertificate } from '../../src/tls/index.js';
import { startTestServer } from '../test-server.js';
import { makePair } from '../unit/tls/make-pair.js';
import {
  browserOf,
  logIn,
  newFolder,
  passwordHash,
  removeFolders,
  startApp,
  token,
  type App,
} from './auth-app.js';

const apps: App[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});
afterAll(removeFolders);

async function start(certfile: string): Promise<App> {
  const app = await startApp({ passwordHash, token, certfile, ip: '*' });
  apps.push(app);
  return app;
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('over https', () => {
  it('cookies are Secure and websockets work', async () => {
    const certfile = join(newFolder(), 'c.pem');
    writeFileSync(certfile, (await makeCertificate()).pem, { mode: 0o600 });
    const app = await start(certfile);
    const browser = await logIn(app, { scheme: 'https' });
    const answer = await app.send('/api/x', { headers: browser.page });
    expect(answer.status).toBe(200);
    expect(await app.upgrade('/api/x', browser.page)).toBeInstanceOf(WebSocket);
    const plain = { ...browser.page, Origin: `http://127.0.0.1:${app.port}` };
    expect(await app.upgrade('/api/x', plain)).toMatchObject({ status: 403 });
    const link = await app.send(`/?token=${token}`);
    expect(Object.values(link.cookies).every((cookie) => cookie.includes('; Secure'))).toBe(true);
    expect((await app.send('/api/x', { headers: { Cookie: browserOf(app, link).cookie } })).status).toBe(200);
  });

  it('plain http is led to https under names of the server alone', async () => {
    const certfile = join(newFolder(), 'c.pem');
    writeFileSync(certfile, makePair().pem, { mode: 0o600 });
    const server = await startTestServer({ onlyOwnKernel: true, certfile });
    try {
      const { port } = server.server;
      const ask = (host: string) =>
        new Promise<IncomingMessage>((resolve, reject) => {
          get({ host: '127.0.0.1', port, path: '/tree', headers: { Host: host } }, resolve).once(
            'error',
            reject,
          );
        });
      const [own, foreign] = [await ask(`localhost:${port}`), await ask('evil.example')];
      expect([own.statusCode, own.headers.location]).toEqual([308, `https://localhost:${port}/tree`]);
      expect([foreign.statusCode, foreign.headers.location]).toEqual([403, undefined]);
    } finally {
      await server.close();
    }
  });

  it('a replaced certificate is served to new connections, while websockets and logins go on', async () => {
    const certfile = join(newFolder(), 'c.pem');
    writeFileSync(certfile, makePair().pem, { mode: 0o600 });
    const app = await start(certfile);
    const browser = await logIn(app, { scheme: 'https' });
    const socket = await app.upgrade('/api/x', browser.page);
    if (!(socket instanceof WebSocket)) throw new Error('no websocket');
    const served = () =>
      new Promise<string>((resolve, reject) => {
        const probe = connect({ port: app.port, rejectUnauthorized: false }, () => {
          resolve(probe.getPeerCertificate().fingerprint256);
          probe.destroy();
        }).once('error', reject);
      });
    const { pem, cert } = makePair();
    writeFileSync(certfile, pem);
    // Nothing but the file has changed: the server notices it by itself.
    await expect.poll(served).toBe(new X509Certificate(cert).fingerprint256);
    const pong = new Promise((resolve) => socket.once('pong', resolve));
    socket.ping();
    await pong;
    expect((await app.send('/api/x', { headers: browser.page })).status).toBe(200);
  });

  it.skipIf(!hasOpenssl)(
    'the certificate of the classic page works, at 1024 bits, with one warning',
    async () => {
      const certfile = join(newFolder(), 'mycert.pem');
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-nodes',
          '-days',
          '365',
          '-newkey',
          'rsa:1024',
          '-keyout',
          certfile,
          '-out',
          certfile,
          '-subj',
          '/CN=your.host.com',
        ],
        { stdio: 'ignore' },
      );
      const app = await start(certfile);
      expect(app.lines.filter((line) => line.includes('1024 bits'))).toHaveLength(1);
      const headers = { Host: `your.host.com:${app.port}` };
      expect((await app.send('/api', { headers })).status).toBe(200);
    },
  );

  it.skipIf(!hasOpenssl)('our own certificate is one that OpenSSL trusts for its names', async () => {
    const certfile = join(newFolder(), 'c.pem');
    writeFileSync(certfile, (await makeCertificate({ hostnames: ['nb.example.org', '10.1.2.3'] })).pem);
    const check = (...args: string[]): string =>
      execFileSync(
        'openssl',
        ['verify', '-x509_strict', '-CAfile', certfile, '-purpose', 'sslserver', ...args, certfile],
        {
          encoding: 'utf8',
        },
      );
    for (const name of ['localhost', 'nb.example.org'])
      expect(check('-verify_hostname', name)).toContain('OK');
    for (const address of ['127.0.0.1', '::1', '10.1.2.3'])
      expect(check('-verify_ip', address)).toContain('OK');
  });
});
