/** Binds the port or unix socket: which addresses, which ports are tried, and the sentences for what goes wrong. */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type AddressInfo, type ListenOptions as NetListenOptions, type Server } from 'node:net';

import type { Log } from '../log.js';

export interface BindOptions {
  ip: string;
  port: number;
  portGiven: boolean;
  portRetries: number;
  log: Log;
}

export interface Bound {
  servers: Server[];
  port: number;
}

/** Why no port could be opened: a sentence for the terminal; the caller exits with 1. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * Binds ip and port, trying other ports when the default one is taken (Jupyter's order: four in a row, then at random).
 *
 * @param makeServer  gives a server that does not listen yet; `localhost` needs two, one for each family
 * @throws {ListenError}
 */
export async function bindPort(makeServer: () => Server, options: BindOptions): Promise<Bound> {
  const { ip, port, portGiven, portRetries, log } = options;
  // Port 0 cannot be taken, but its second address can: then the system is asked for another one.
  const ports = portGiven && port !== 0 ? [port] : portsToTry(port, portRetries);
  for (const candidate of ports) {
    try {
      return await bindAddresses(makeServer, addressesOf(ip), candidate);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const mayGoOn = (code === 'EADDRINUSE' || code === 'EACCES') && ports.length > 1;
      if (!mayGoOn) throw explain(error, ip, candidate);
      if (code === 'EACCES') log.warn(`Permission to listen on port ${candidate} denied.`);
      else if (candidate !== 0) log.info(`The port ${candidate} is already in use, trying another port.`);
    }
  }
  throw new ListenError(
    `No free port was found near ${port} (${ports.length} were tried). Give one with --port.`,
  );
}

/** The port itself, the next four, then random ones around it; Jupyter's `random_ports`. */
export function portsToTry(port: number, retries: number, random: () => number = Math.random): number[] {
  const count = Math.max(0, Math.floor(retries)) + 1;
  if (port === 0) return Array<number>(count).fill(0);
  const list: number[] = [];
  for (let i = 0; i < count; i++) {
    const next = i < 5 ? port + i : port + Math.floor((random() * 2 - 1) * 2 * count);
    list.push(Math.min(65_535, Math.max(1, next)));
  }
  return [...new Set(list)];
}

interface Address {
  options: NetListenOptions;
  /** missing on this machine: not an error, the others do */
  optional?: boolean;
  /** what to try when it is missing */
  instead?: NetListenOptions;
}

function addressesOf(ip: string): Address[] {
  if (ip === '' || ip === '*') {
    return [{ options: { host: '::', ipv6Only: false }, instead: { host: '0.0.0.0' } }];
  }
  if (ip.toLowerCase() === 'localhost') {
    return [{ options: { host: '127.0.0.1' } }, { options: { host: '::1' }, optional: true }];
  }
  return [{ options: { host: ip.replace(/^\[(.*)\]$/, '$1') } }];
}

async function bindAddresses(makeServer: () => Server, addresses: Address[], wanted: number): Promise<Bound> {
  const servers: Server[] = [];
  let port = wanted;
  try {
    for (const { options, optional, instead } of addresses) {
      try {
        servers.push(await bind(makeServer(), { ...options, port }));
      } catch (error) {
        if (!isMissing(error)) throw error;
        if (instead) servers.push(await bind(makeServer(), { ...instead, port }));
        else if (!optional) throw error;
      }
      port = (servers[0]?.address() as AddressInfo | null)?.port ?? port;
    }
    return { servers, port };
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
}

function bind(server: Server, options: NetListenOptions): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

/** No such family or address here, for example without IPv6. */
function isMissing(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function explain(error: unknown, ip: string, port: number): ListenError {
  const { code, message } = error as NodeJS.ErrnoException;
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} is already in use. Stop what uses it ("nbserver list" shows your servers), or give another --port.`,
    EACCES: `Permission to listen on port ${port} was denied. Ports below 1024 belong to the system: give another --port.`,
    EADDRNOTAVAIL: `This computer has no address ${ip} (--ip). Use one of its own, "localhost", or "*" for all.`,
    ENOTFOUND: `The name ${ip} (--ip) is not known. Use an address of this computer, "localhost", or "*" for all.`,
  };
  return new ListenError(sentences[code ?? ''] ?? `Cannot listen on port ${port} of ${ip}: ${message}`, {
    cause: error,
  });
}

/** What fits into `sun_path`, without its final zero. */
const longestSocketPath = process.platform === 'darwin' ? 103 : 107;

/**
 * Binds a unix socket. One that a dead server left behind is replaced; one that answers is not.
 *
 * @throws {ListenError}
 */
export async function bindSocket(server: Server, path: string, mode: number): Promise<Server> {
  // libuv cuts a longer path off without a word, and the socket appears elsewhere.
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw new ListenError(
      `Cannot listen on the socket ${path}: its path is longer than ${longestSocketPath} bytes. Give a shorter --sock.`,
    );
  }
  await removeStale(path);
  const restore = narrowUmask(mode);
  let bound: Promise<Server>;
  try {
    // Node binds within this call, so the file is never open to more than `mode` says.
    bound = bind(server, { path });
  } finally {
    restore();
  }
  try {
    await bound;
    chmodSync(path, mode);
    return server;
  } catch (error) {
    server.close();
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' || code === 'EACCES' ? 'its folder does not exist or may not be written' : message;
    throw new ListenError(`Cannot listen on the socket ${path}: ${why}.`, { cause: error });
  }
}

async function removeStale(path: string): Promise<void> {
  try {
    if (!lstatSync(path).isSocket()) {
      throw new ListenError(`${path} exists and is not a socket. Give another path with --sock.`);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (await answers(path)) {
    throw new ListenError(`Another server listens on the socket ${path}. Stop it, or give another --sock.`);
  }
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    const done = (result: boolean): void => {
      probe.destroy();
      resolve(result);
    };
    probe.once('connect', () => done(true));
    // Refused: nobody is behind it. Anything else (a full queue, no permission) means that somebody may be.
    probe.once('error', (error: NodeJS.ErrnoException) => done(error.code !== 'ECONNREFUSED'));
    probe.setTimeout(1_000, () => done(true));
  });
}

function narrowUmask(mode: number): () => void {
  try {
    const before = process.umask(0o777 & ~mode);
    return () => void process.umask(before);
  } catch {
    // Worker threads have no umask; there the mode is set right after binding.
    return () => {};
  }
}
