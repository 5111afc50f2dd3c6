/** What `nbserver doctor` finds out about the port and the address of the settings: whether they can be had, and who has them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { isGiven, type LoadedSettings } from '../config/index.js';
import { silentLog } from '../log.js';
import { bindPort, ListenError } from '../server/listen-bind.js';
import type { RuntimeInfo } from '../server/runtime-file.js';
import type { Check } from './doctor-machine.js';

/**
 * @param servers  the notebook servers of this user that run
 * @returns undefined where the server listens on a unix socket
 */
export async function portCheck(
  loaded: LoadedSettings,
  servers: readonly RuntimeInfo[],
): Promise<Check | undefined> {
  const { ip, port, sock } = loaded.settings;
  if (sock !== '') return undefined;
  const name = 'Port';
  const own = servers.find((server) => server.port === port && port !== 0);
  if (own !== undefined)
    return { name, state: 'good', detail: `${port} is that of the running server (process ${own.pid})` };
  try {
    const options = { ip, port, portGiven: true, portRetries: 0, log: silentLog };
    const bound = await bindPort(() => createServer(), options);
    await Promise.all(bound.servers.map((each) => new Promise((resolve) => each.close(resolve))));
    const where = ip === '' || ip === '*' ? 'all addresses' : ip;
    return { name, state: 'good', detail: `${port === 0 ? 'one' : port} is free on ${where}` };
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const { code } = error.cause as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') return { name, state: 'bad', detail: error.message };
    const detail = `${port} is taken by ${holderOf(port) ?? 'a program of another user'}`;
    return isGiven(loaded, 'port')
      ? {
          name,
          state: 'bad',
          detail,
          advice: 'The server does not start there: stop it, or set another port.',
        }
      : { name, state: 'warning', detail, advice: 'The server takes the next one that is free.' };
  }
}

/** The program that listens on a port; undefined when /proc does not tell, for example of another user's. */
function holderOf(port: number): string | undefined {
  const sockets = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((path) => listeners(path, port))
      .map((id) => `socket:[${id}]`),
  );
  for (const pid of filesIn('/proc').filter((each) => /^\d+$/.test(each))) {
    if (!filesIn(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`)))) continue;
    const [program = ''] = contentOf(`/proc/${pid}/cmdline`).split('\0');
    return `${program} (process ${pid})`;
  }
  return undefined;
}

/** Inodes of the sockets that listen on a port (proc(5), /proc/net/tcp; state 0A is LISTEN). */
function listeners(path: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return contentOf(path)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => local.endsWith(wanted) && state === '0A')
    .flatMap(([, , , , , , , , , inode]) => inode ?? []);
}

function filesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // no /proc, a process that has ended, or somebody else's
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // as in filesIn
  }
}
