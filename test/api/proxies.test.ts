/** Behind a proxy that ends TLS: Debian's nginx and Caddy as docs/public-server.md sets them up, with and without a prefix. */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { freePort, makeHome, run, serve, type Home, type RunningCommand } from '../command-line.js';
import { proxySnippet } from '../../src/protocol/proxy-snippets.js';
import { hasCaddy, hasNginx } from '../parts.js';
import { startCaddy, startNginx, stopProxy } from '../start-proxy.js';
import { everything } from '../tier.js';

const NAME = 'nb.example.org';
const PASSWORD = 'behind a proxy';

interface Site {
  home: Home;
  /** `/` or `/ipython/` */
  base: string;
  proxyPort: number;
  server: RunningCommand;
  proxy: ChildProcess;
}
let site: Site | undefined;

afterEach(async () => {
  if (!site) return;
  await stopProxy(site.proxy);
  await site.server.stop();
  site.home.remove();
  site = undefined;
});

async function start(kind: 'nginx' | 'caddy', base: string): Promise<Site> {
  const home = makeHome();
  const pem = join(home.path, 'proxy.pem');
  const made = await run(['certificate', `--hostname=${NAME}`, `--out=${pem}`], home);
  expect(made.code, made.stderr).toBe(0);
  const hash = (await run(['passwd'], { ...home, input: `${PASSWORD}\n` })).stdout.trim();
  const config = join(home.path, 'notebook_config.json');
  writeFileSync(config, JSON.stringify({ password: hash, open_browser: false }), { mode: 0o600 });
  const [port, proxyPort] = [await freePort(), await freePort()];
  const publicUrl = `https://${NAME}:${proxyPort}${base}`;
  const args = [home.notebooks, `--config=${config}`, `--port=${port}`, `--public-url=${publicUrl}`];
  const server = await serve(args, home);
  expect(server.stdout).toContain(publicUrl);
  const proxy =
    kind === 'nginx'
      ? startNginx(home.path, nginxSite(pem, proxyPort, port, base))
      : startCaddy(home.path, caddySite(pem, proxyPort, port, base));
  site = { home, base, proxyPort, server, proxy };
  for (let tries = 0; ; tries++) {
    const answer = await ask('api').catch((error: Error) => error);
    if (!(answer instanceof Error) && answer.status === 200) return site;
    if (tries > 100) throw new Error(`The proxy does not answer: ${JSON.stringify(answer)}`);
    await wait(100);
  }
}

function nginxSite(pem: string, listen: number, port: number, base: string): string {
  return `
    listen 127.0.0.1:${listen} ssl;
    ssl_certificate ${pem}; ssl_certificate_key ${pem};
    ${proxySnippet('nginx', { url: `https://${NAME}:${listen}${base}`, backend: `127.0.0.1:${port}` })}`;
}

function caddySite(pem: string, listen: number, port: number, base: string): string {
  return `
https://${NAME}:${listen} {
  bind 127.0.0.1
  tls ${pem} ${pem}
  reverse_proxy ${base}* 127.0.0.1:${port}
}`;
}

interface Answer {
  status: number;
  body: string;
  cookies: string[];
  location: string | undefined;
}

/** A request through the proxy, to the public name. */
function ask(
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  if (!site) throw new Error('no site');
  const { base, proxyPort } = site;
  const options = {
    host: '127.0.0.1',
    port: proxyPort,
    path: `${base}${path}`,
    method,
    servername: NAME,
    rejectUnauthorized: false,
    headers: { Host: `${NAME}:${proxyPort}`, ...headers },
  };
  return new Promise((resolve, reject) => {
    const req = request(options, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (data: string) => (text += data));
      res.on('end', () => {
        const { location } = res.headers;
        resolve({
          status: res.statusCode ?? 0,
          body: text,
          cookies: res.headers['set-cookie'] ?? [],
          location,
        });
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** The public name is ours for the test only. */
const toLoopback: LookupFunction = (_name, options, found) => {
  if (options.all) found(null, [{ address: '127.0.0.1', family: 4 }]);
  else found(null, '127.0.0.1', 4);
};

/** `a=1; b=2` for a Cookie header, the later value of a name winning. */
function cookieHeader(...setCookies: string[][]): string {
  const jar = new Map(
    setCookies
      .flat()
      .map((each) => (each.split(';')[0] ?? '').split(/=(.*)/s).slice(0, 2) as [string, string]),
  );
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

const proxies = [...(hasNginx ? (['nginx'] as const) : []), ...(hasCaddy ? (['caddy'] as const) : [])];

/** Each proxy once, one of them at a prefix; the long tier has them crossed. */
const cases = proxies.flatMap((kind) =>
  ['/', '/ipython/']
    .filter((base) => everything || (kind === 'nginx') === (base === '/ipython/'))
    .map((base) => [kind, base] as const),
);

describe.skipIf(proxies.length === 0)('behind a proxy that ends TLS', () => {
  it.each(cases)('%s, everything under %s', async (kind, base) => {
    const { proxyPort } = await start(kind, base);
    const origin = `https://${NAME}:${proxyPort}`;

    const first = await ask('tree');
    expect(first.status).toBe(302);
    expect(first.location).toMatch(new RegExp(`^(${origin})?${base}login\\?next=`));

    const page = await ask('login');
    const xsrf = /name="_xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const form = new URLSearchParams({ _xsrf: xsrf, password: PASSWORD }).toString();
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const wrong = await ask('login', {
      method: 'POST',
      body: form,
      headers: { ...type, Origin: 'https://evil.example', Cookie: cookieHeader(page.cookies) },
    });
    expect(wrong.status, 'a login form on another site').toBe(403);
    const login = await ask('login', {
      method: 'POST',
      body: form,
      headers: { ...type, Origin: origin, Cookie: cookieHeader(page.cookies) },
    });
    expect(login.status, login.body).toBe(302);
    expect(login.cookies.join('\n')).toMatch(/; Secure/i);
    const cookie = cookieHeader(page.cookies, login.cookies);

    expect((await ask('tree', { headers: { Cookie: cookie } })).status).toBe(200);
    expect(JSON.parse((await ask('api/contents', { headers: { Cookie: cookie } })).body)).toMatchObject({
      type: 'directory',
    });

    const token = /_xsrf=([^;]+)/.exec(cookie)?.[1] ?? '';
    const headers = { Cookie: cookie, Origin: origin, 'X-XSRFToken': decodeURIComponent(token) };
    const kernel = await ask('api/kernels', { method: 'POST', body: '{"name":"javascript"}', headers });
    expect(kernel.status, kernel.body).toBe(201);
    const { id } = JSON.parse(kernel.body) as { id: string };

    const socket = (from: string) =>
      new WebSocket(`wss://${NAME}:${proxyPort}${base}api/kernels/${id}/channels?session_id=s`, {
        headers: { Cookie: cookie },
        origin: from,
        agent: new Agent({ lookup: toLoopback, rejectUnauthorized: false }),
      });
    const refused = socket('https://evil.example');
    const status = await new Promise((resolve) => {
      refused.once('unexpected-response', (_req, res) => resolve(res.statusCode));
      refused.once('open', () => resolve('open'));
      refused.on('error', () => undefined);
    });
    expect(status, 'a websocket from another site').toBe(403);
    const open = socket(origin);
    await new Promise((resolve, reject) => open.once('open', resolve).once('error', reject));
    open.close();
  });
});
