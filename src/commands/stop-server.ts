/** Stops a running server: asks it over its API first, then by signals (jupyter_server's order and waits). */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import type { RuntimeInfo } from '../server/runtime-file.js';

/** Resolves when the process has ended. @throws Error with a sentence when even SIGKILL does not help */
export async function stopServer(server: RuntimeInfo): Promise<void> {
  await askToShutDown(server).catch(() => undefined); // refused or unreachable: the signals below decide
  if (await ended(server.pid, 5_000)) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(server.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw new Error(
        `The server with process id ${server.pid} belongs to another user; only that user can stop it.`,
        { cause: error },
      );
    }
    if (await ended(server.pid, 5_000)) return;
  }
  throw new Error(`The server with process id ${server.pid} does not end, even on SIGKILL.`);
}

function askToShutDown(server: RuntimeInfo): Promise<void> {
  return new Promise((resolve, reject) => {
    const url = new URL(
      'api/shutdown',
      server.sock ? `http://localhost${server.base_url}` : localUrl(server),
    );
    const options = {
      method: 'POST',
      timeout: 3_000,
      headers: { Authorization: `token ${server.token}`, 'Content-Length': '0' },
      // This machine's own server, found through a file that only its user can write: the name need not match.
      rejectUnauthorized: false,
      ...(server.sock ? { socketPath: server.sock } : {}),
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const req = send(url, options, (res) => {
      res.resume();
      res.on('end', () =>
        res.statusCode === 200 ? resolve() : reject(new Error(`status ${res.statusCode}`)),
      );
    });
    req.on('timeout', () => req.destroy(new Error('no answer')));
    req.on('error', reject);
    req.end();
  });
}

/** How this machine itself reaches the server: the printed URL may name a public host. */
export function localUrl(server: RuntimeInfo): string {
  const scheme = server.secure ? 'https' : 'http';
  const wild = ['', '*', '0.0.0.0', '::', 'localhost'].includes(server.hostname);
  const host = wild ? 'localhost' : server.hostname.includes(':') ? `[${server.hostname}]` : server.hostname;
  return `${scheme}://${host}:${server.port}${server.base_url}`;
}

async function ended(pid: number, milliseconds: number): Promise<boolean> {
  for (const until = Date.now() + milliseconds; Date.now() < until; await wait(100)) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
    }
  }
  return false;
}
