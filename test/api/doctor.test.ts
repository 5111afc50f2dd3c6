/** `nbserver doctor`: eight things that go wrong between browser and server, made on purpose with real proxies. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { lookThrough } from '../../src/commands/doctor-network.js';
import { faultsOf, type FaultName } from '../../src/protocol/connection-test.js';
import { proxySnippet } from '../../src/protocol/proxy-snippets.js';
import { makeCertificate } from '../../src/tls/index.js';
import { freePort, makeHome, run, serve } from '../command-line.js';
import { hasCaddy, hasNginx } from '../parts.js';
import { startCaddy, startNginx, stopProxy } from '../start-proxy.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';

const open: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Places {
  /** of the proxy */
  listen: number;
  /** `127.0.0.1:PORT` of the server */
  backend: string;
  /** certificate and key of the proxy */
  pem: string;
}

interface Case {
  /** what the doctor must name, first cause first */
  faults: FaultName[];
  proxy: 'nginx' | 'caddy';
  site(places: Places): string;
  /** path of the address that people use; default `/` */
  path?: string;
  https?: boolean;
  /** the proxy's certificate is known here */
  trusted?: boolean;
  /** setting of the server */
  base_url?: string;
}

/** The directives that are right, some left out or made wrong. */
function nginx({ listen, backend }: Places, change: (good: string) => string, location = '/'): string {
  const good = proxySnippet('nginx', { url: `http://localhost:${listen}${location}`, backend });
  return `listen 127.0.0.1:${listen}; ${change(good)}`;
}

function nginxTls({ listen, backend, pem }: Places, change = (good: string) => good): string {
  const good = proxySnippet('nginx', { url: `https://localhost:${listen}/`, backend });
  return `listen 127.0.0.1:${listen} ssl; ssl_certificate ${pem}; ssl_certificate_key ${pem}; ${change(good)}`;
}

const without =
  (...names: string[]) =>
  (good: string) =>
    good
      .split('\n')
      .filter((line) => !names.some((name) => line.includes(name)))
      .join('\n');

const caddy = ({ listen }: Places, inside: string): string =>
  `http://localhost:${listen} {\n  bind 127.0.0.1\n  ${inside}\n}`;

const CASES: Record<string, Case> = {
  'nothing wrong': { faults: [], proxy: 'nginx', site: (at) => nginx(at, (good) => good) },
  'nginx: the header Upgrade is lost': {
    faults: ['upgrade'],
    proxy: 'nginx',
    site: (at) => nginx(at, without('Upgrade', '"upgrade"')),
  },
  'nginx: the Host is not passed on, so the Origin is refused': {
    faults: ['origin'],
    proxy: 'nginx',
    site: (at) => nginx(at, without('Host')),
  },
  'nginx: the Host is another name': {
    faults: ['host'],
    proxy: 'nginx',
    site: (at) => nginx(at, (good) => good.replaceAll('$http_host', 'inside.example')),
  },
  'nginx: the prefix is stripped': {
    faults: ['prefix'],
    proxy: 'nginx',
    path: '/nb/',
    site: (at) => nginx(at, (good) => good.replace(at.backend, `${at.backend}/`), '/nb/'),
  },
  'nginx: the prefix is stripped that the server has': {
    faults: ['prefix'],
    proxy: 'nginx',
    path: '/nb/',
    base_url: '/nb/',
    site: (at) => nginx(at, (good) => good.replace(at.backend, `${at.backend}/`), '/nb/'),
  },
  'nginx: silent websockets are cut': {
    faults: ['idle'],
    proxy: 'nginx',
    site: (at) => nginx(at, (good) => good.replace('1h', '2s')),
  },
  'nginx: large bodies are refused': {
    faults: ['body'],
    proxy: 'nginx',
    site: (at) => nginx(at, without('client_max_body_size')),
  },
  'nginx: answers are held back': {
    faults: ['buffering'],
    proxy: 'nginx',
    site: (at) => nginx(at, without('proxy_buffering')),
  },
  'nginx: the server is not told of https': {
    faults: ['scheme'],
    proxy: 'nginx',
    https: true,
    trusted: true,
    site: (at) => nginxTls(at, without('X-Forwarded-Proto')),
  },
  'nginx: a certificate that nobody knows': {
    faults: ['certificate'],
    proxy: 'nginx',
    https: true,
    site: (at) => nginxTls(at),
  },
  'Caddy: the header Upgrade is lost': {
    faults: ['upgrade'],
    proxy: 'caddy',
    site: (at) => caddy(at, `reverse_proxy ${at.backend} {\n header_up -Upgrade\n header_up -Connection\n }`),
  },
  'Caddy: the prefix is stripped': {
    faults: ['prefix'],
    proxy: 'caddy',
    path: '/nb/',
    site: (at) => caddy(at, `handle_path /nb/* {\n reverse_proxy ${at.backend}\n }`),
  },
  'Caddy: large bodies are refused': {
    faults: ['body'],
    proxy: 'caddy',
    site: (at) => caddy(at, `request_body {\n max_size 1MB\n }\n reverse_proxy ${at.backend}`),
  },
  'Caddy: a certificate that nobody knows': {
    faults: ['certificate'],
    proxy: 'caddy',
    https: true,
    site: ({ listen, backend, pem }) =>
      `https://localhost:${listen} {\n  bind 127.0.0.1\n  tls ${pem} ${pem}\n  reverse_proxy ${backend}\n}`,
  },
  'Caddy: the Host is not passed on': {
    faults: ['origin'],
    proxy: 'caddy',
    site: (at) =>
      caddy(
        at,
        `reverse_proxy ${at.backend} {\n header_up Host {upstream_hostport}\n header_up -X-Forwarded-Host\n }`,
      ),
  },
};

const inShortTier = ['nginx: the header Upgrade is lost', 'Caddy: the prefix is stripped'];
const installed = { nginx: hasNginx, caddy: hasCaddy };

async function look({ proxy, site, path = '/', https, trusted, base_url }: Case) {
  const folder = mkdtempSync(join(tmpdir(), 'nbserver-proxy-'));
  open.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const server: TestServer = await startTestServer({
    onlyOwnKernel: true,
    trusted_proxies: ['loopback'],
    ...(base_url === undefined ? {} : { base_url }),
  });
  open.push(() => server.close());
  const pem = join(folder, 'proxy.pem');
  writeFileSync(pem, (await makeCertificate()).pem, { mode: 0o600 });
  const places = { listen: await freePort(), backend: new URL(server.url).host, pem };
  const child: ChildProcess = (proxy === 'nginx' ? startNginx : startCaddy)(folder, site(places));
  open.push(() => stopProxy(child));
  const url = `${https === true ? 'https' : 'http'}://localhost:${places.listen}${path}`;
  const target = {
    url,
    credential: { Authorization: `token ${TOKEN}` },
    idle: 4,
    ...(trusted === true ? { ca: readFileSync(pem) } : {}),
  };
  for (let tries = 0; ; tries += 1) {
    const seen = await lookThrough(target);
    if (seen.facts.unreachable === undefined || tries > 100) return seen;
    await wait(100); // the proxy is not up yet
  }
}

describe('what lies between browser and server', () => {
  const cases = Object.entries(CASES).filter(([name, { proxy }]) => {
    return installed[proxy] && (everything || inShortTier.includes(name));
  });
  it.each(cases)('%s', async (_name, each) => {
    const { facts } = await look(each);
    const faults = faultsOf(facts);
    expect(
      faults.map(({ name }) => name),
      JSON.stringify(facts),
    ).toEqual(each.faults);
    for (const { problem, advice } of faults) expect(`${problem} ${advice}`).toMatch(/^[A-Z].*\.$/s);
  });
});

describe('nbserver doctor', () => {
  it('looks at this machine and the running server, and says in its exit code whether all is well', async () => {
    const home = makeHome();
    open.push(() => home.remove());
    // A configuration of its own, which the doctor is told of, too.
    const config = join(home.path, 'other.json');
    writeFileSync(config, JSON.stringify({ NotebookApp: { port: await freePort() } }), { mode: 0o600 });
    const server = await serve([home.notebooks, `--config=${config}`, '--no-browser'], home);
    open.push(() => server.stop());
    const well = await run(['doctor', '--wait=0', `--config=${config}`], home);
    expect(well.code, well.stdout + well.stderr).toBe(0);
    for (const name of ['Port', 'Kernels', 'Kernel ports', 'Disk space', 'Notebook folder']) {
      expect(well.stdout).toContain(`✓ ${name}: `);
    }
    expect(well.stdout).toContain('pages, websockets, uploads and long answers get through');

    const wrong = await run(['doctor', `http://localhost:${await freePort()}/`, '--wait=0', '--json'], home);
    expect(wrong.code).toBe(1);
    const report = JSON.parse(wrong.stdout) as { faults: { name: string }[] };
    expect(report.faults.map(({ name }) => name)).toEqual(['unreachable']);
  });

  it.runIf(everything && hasNginx)('shows how the proxy in front is set up, with the real port', async () => {
    const home = makeHome();
    open.push(() => home.remove());
    const [port, listen] = [await freePort(), await freePort()];
    const server = await serve([home.notebooks, `--port=${port}`, '--no-browser'], home);
    open.push(() => server.stop());
    const site = nginx({ listen, backend: `127.0.0.1:${port}`, pem: '' }, without('Upgrade', '"upgrade"'));
    const proxy = startNginx(home.path, site);
    open.push(() => stopProxy(proxy));
    await expect
      .poll(() =>
        fetch(`http://localhost:${listen}/api`).then(
          ({ ok }) => ok,
          () => false,
        ),
      )
      .toBe(true);
    const { code, stdout } = await run(['doctor', `http://localhost:${listen}/`, '--wait=0'], home);
    expect(code).toBe(1);
    expect(stdout).toContain('[upgrade]');
    const snippet = proxySnippet('nginx', {
      url: `http://localhost:${listen}/`,
      backend: `127.0.0.1:${port}`,
    });
    expect(stdout).toContain(`For nginx:\n\n${snippet}`);
    expect(stdout, 'only of the proxy that is there').not.toContain('For Caddy');
  });

  it.runIf(everything)('looks at the port and the address of the profile or file that is named', async () => {
    const home = makeHome();
    open.push(() => home.remove());
    const taken = createServer().listen(0, '127.0.0.1');
    open.push(() => new Promise((resolve) => taken.close(resolve)));
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const look = async (settings: object, ...flags: string[]) => {
      const file = join(home.path, 'this.json');
      writeFileSync(file, JSON.stringify({ NotebookApp: settings }), { mode: 0o600 });
      const { code, stdout } = await run(
        ['doctor', '--json', ...(flags.length === 0 ? [`--config=${file}`] : flags)],
        home,
      );
      const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; detail: string }[] };
      return { code, ...checks.find(({ name }) => name === 'Port') };
    };
    const isOurs = new RegExp(`^${port} is taken by .+ \\(process ${process.pid}\\)$`);
    const holder = expect.stringMatching(isOurs) as string;
    expect(await look({ port })).toMatchObject({ code: 1, state: 'bad', detail: holder });
    expect(await look({ ip: '192.0.2.7', port: await freePort() })).toMatchObject({
      code: 1,
      state: 'bad',
      detail: expect.stringContaining('This computer has no address 192.0.2.7') as string,
    });
    const free = await freePort();
    expect(await look({ port: free })).toMatchObject({
      code: 0,
      state: 'good',
      detail: `${free} is free on localhost`,
    });

    const { stdout } = await run(['profile', 'create', 'lab'], home);
    writeFileSync(stdout.trim(), JSON.stringify({ NotebookApp: { port } }), { mode: 0o600 });
    expect(await look({}, '--profile=lab')).toMatchObject({ code: 1, state: 'bad', detail: holder });
  });
});
