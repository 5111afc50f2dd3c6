/** What `nbserver doctor` looks at on the machine itself: certificate, permissions, disk, ports of kernels, a kernel. */
import { X509Certificate } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { rootCertificates } from 'node:tls';
import { parsePortRange, type LoadedSettings } from '../config/index.js';
import { silentLog } from '../log.js';
import { messageOf } from '../message-of.js';
import type { KernelModel } from '../protocol/rest-models.js';
import { autoDirectory, loadTls } from '../tls/index.js';
import type { Ask } from './ask-locally.js';

/** One line of the report. */
export interface Check {
  name: string;
  /** `skipped`: it could not be looked at, and `detail` says why */
  state: 'good' | 'warning' | 'bad' | 'skipped';
  detail: string;
  advice?: string;
}

/** Bytes. A notebook with pictures needs a few; below that saves fail soon. */
const LITTLE_SPACE = 200 * 1024 * 1024;
/** Browsers and people need a while to get a new one. */
const WARN_BEFORE_EXPIRY = 14 * 24 * 3_600_000;

export async function certificateCheck({
  settings,
  directories,
}: LoadedSettings): Promise<Check | undefined> {
  const { certfile, keyfile, hostnames } = settings;
  if (certfile === '') return undefined;
  const name = 'Certificate';
  const automatic = autoDirectory(directories.state);
  if (certfile === 'auto' && !existsSync(automatic)) {
    return { name, state: 'good', detail: 'is made at the first start (certfile=auto)' };
  }
  try {
    const tls = await loadTls({
      certfile,
      ...(keyfile ? { keyfile } : {}),
      hostnames,
      autoDirectory: automatic,
      log: silentLog,
    });
    const { info } = tls;
    tls.close();
    const until = info.validTo.toISOString().slice(0, 10);
    const left = info.validTo.getTime() - Date.now();
    const detail = `${info.subject}, key matches, valid until ${until}${info.selfSigned ? ', self-signed' : ''}`;
    const [warning] = info.warnings;
    if (left < 0) return { name, state: 'bad', detail: warning ?? `It expired on ${until}.`, advice: RENEW };
    if (left < WARN_BEFORE_EXPIRY && certfile !== 'auto') {
      return { name, state: 'warning', detail, advice: `It ends on ${until}. ${RENEW}` };
    }
    const missing = info.selfSigned || certfile === 'auto' ? undefined : missingIssuer(certfile);
    if (missing !== undefined) {
      return {
        name,
        state: 'warning',
        detail,
        advice: `${certfile} does not hold the certificate of who issued it (${missing}): give the file with the whole chain (fullchain.pem).`,
      };
    }
    return warning === undefined
      ? { name, state: 'good', detail }
      : { name, state: 'warning', detail, advice: warning };
  } catch (error) {
    return { name, state: 'bad', detail: messageOf(error), advice: 'The server does not start with it.' };
  }
}

const RENEW = 'Renew it, or start with --certfile=auto, which renews by itself.';

/** Who signed the certificate, where neither the file nor the browsers' list of authorities has it. */
function missingIssuer(certfile: string): string | undefined {
  const blocks = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;
  const [own, ...others] = Array.from(
    readFileSync(certfile, 'latin1').matchAll(blocks),
    ([block]) => block,
  ).map((block) => new X509Certificate(block));
  const issued = (issuer: X509Certificate) => own !== undefined && own.checkIssued(issuer);
  if (others.some(issued) || rootCertificates.some((root) => issued(new X509Certificate(root))))
    return undefined;
  return own?.issuer.replaceAll('\n', ', ');
}

/** Folders that the server writes, and files that nobody else may read. */
export function permissionChecks({ settings, directories, configFile }: LoadedSettings): Check[] {
  const checks: Check[] = [];
  for (const [name, path] of [
    ['Notebook folder', settings.notebook_dir],
    ['Runtime folder', directories.runtime],
    ['State folder', directories.state],
  ] as const) {
    if (!existsSync(path)) {
      checks.push({ name, state: 'good', detail: `${path} is made at the first start` });
      continue;
    }
    try {
      accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
      checks.push({ name, state: 'good', detail: `${path} can be written` });
    } catch {
      const advice = `Make it yours: chown -R "$USER" ${path} && chmod u+rwX ${path}`;
      checks.push({ name, state: 'bad', detail: `${path} cannot be written by this user`, advice });
    }
  }
  for (const path of [directories.state, configFile]) {
    if (!existsSync(path) || (statSync(path).mode & 0o077) === 0) continue;
    if (path === configFile && settings.password === '' && !settings.token) continue;
    const advice = `chmod go-rwx ${path}`;
    checks.push({ name: 'Secrets', state: 'warning', detail: `Others can look into ${path}`, advice });
  }
  return checks;
}

export async function diskCheck({ settings, directories }: LoadedSettings): Promise<Check> {
  const name = 'Disk space';
  const found: string[] = [];
  for (const path of new Set([settings.notebook_dir, directories.state])) {
    if (!existsSync(path)) continue;
    const { bavail, bsize, ffree, files } = await statfs(path);
    const free = Number(bavail) * Number(bsize);
    if (free < LITTLE_SPACE || (Number(files) > 0 && Number(ffree) === 0)) {
      const what = free < LITTLE_SPACE ? `only ${Math.floor(free / 1e6)} MB` : 'no place for another file';
      return {
        name,
        state: 'bad',
        detail: `${path} has ${what}`,
        advice: 'Saves fail soon: make room there.',
      };
    }
    found.push(`${Math.floor(free / 1e9)} GB in ${path}`);
  }
  return { name, state: 'good', detail: found.join(', ') };
}

/** The server talks to its kernels over loopback; a firewall that closes it makes every kernel "not start". */
export async function loopbackCheck({ settings }: LoadedSettings): Promise<Check> {
  const name = 'Kernel ports';
  const { first, last } = parsePortRange(settings.kernel_port_range);
  if (settings.transport === 'ipc') {
    return { name, state: 'good', detail: 'not needed: kernels are reached by unix sockets (transport=ipc)' };
  }
  const step = Math.max(1, Math.floor((last - first) / 6));
  let tried = 0;
  for (let port = first; port <= last && tried < 6; port += step) {
    const result = await connectsToItself(port);
    if (result === 'taken') continue;
    tried += 1;
    if (result !== undefined) {
      return {
        name,
        state: 'bad',
        detail: `Port ${port} of 127.0.0.1 cannot be reached from this machine (${result})`,
        advice:
          `Let connections from localhost to localhost pass on the ports ${first} to ${last}: ` +
          '"iptables -I INPUT -i lo -j ACCEPT", or "ufw allow in on lo". Or set transport to ipc.',
      };
    }
  }
  return { name, state: 'good', detail: `${first} to ${last} can be reached on 127.0.0.1` };
}

/** undefined: it does; `taken`: another program has the port; else why not */
async function connectsToItself(port: number): Promise<string | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    const failed = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen(port, '127.0.0.1', () => resolve(undefined));
    });
    if (failed !== undefined) return failed.code === 'EADDRINUSE' ? 'taken' : (failed.code ?? failed.message);
    return await new Promise<string | undefined>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', timeout: 2_000 });
      const end = (result: string | undefined) => {
        socket.destroy();
        resolve(result);
      };
      socket.once('connect', () => end(undefined));
      socket.once('timeout', () => end('no answer'));
      socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    });
  } finally {
    server.close();
  }
}

const KERNEL_PATIENCE = 60_000;

/** Starts a kernel of the default kind, waits until it is ready, and ends it. */
export async function kernelCheck(ask: Ask): Promise<Check> {
  const name = 'Kernels';
  const made = await ask('api/kernels', 'POST', {});
  if (made.status !== 201) {
    const { message } = made.body as { message?: string };
    return { name, state: 'bad', detail: message ?? `The server answered with status ${made.status}.` };
  }
  const { id, name: kind } = made.body as KernelModel;
  const started = performance.now();
  try {
    for (;;) {
      const { body } = await ask(`api/kernels/${id}`);
      const kernel = body as KernelModel;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (kernel.execution_state === 'idle') {
        return { name, state: 'good', detail: `${kind} was ready after ${seconds} s` };
      }
      const dead = kernel.execution_state === 'dead';
      if (dead || performance.now() - started > KERNEL_PATIENCE) {
        const why = kernel.reason ?? `it was still "${kernel.execution_state}" after ${seconds} s`;
        return {
          name,
          state: 'bad',
          detail: `${kind} did not start: ${why}`,
          advice: 'The log of the server says more; try another kernel, and the kernel ports above.',
        };
      }
      await wait(200);
    }
  } finally {
    await ask(`api/kernels/${id}`, 'DELETE');
  }
}
