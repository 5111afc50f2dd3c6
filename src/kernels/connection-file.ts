/** The connection file: how a kernel and its clients find each other (Jupyter messaging 5.4, "Connection files"). */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { returnPorts, takePorts } from './ports.js';
import type { PortRange } from './ports.js';

/** `tcp` on 127.0.0.1, or `ipc`: sockets in the file system that only their owner can open. */
export type Transport = 'tcp' | 'ipc';

/** The content of a connection file, with Jupyter's names. */
export interface ConnectionInfo {
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
  /** of `ipc`: the path that the sockets' names begin with */
  ip: string;
  /** HMAC key as text */
  key: string;
  transport: Transport;
  signature_scheme: 'hmac-sha256';
  kernel_name: string;
  /** JPY_SESSION_NAME, as newer clients write it */
  jupyter_session?: string;
}

/** Kernels listen on this machine only: their messages are signed but readable. */
const ip = '127.0.0.1';

/** The name of a unix socket holds no more (sun_path, unix(7)), and the number comes after the path. */
const longestSocketPath = 107 - '-5'.length;

export interface ConnectionSetup {
  kernelName: string;
  sessionName?: string;
  transport: Transport;
  portRange?: PortRange;
  /** of `ipc`: sockets are `PATH-1` … `PATH-5`, in a directory that is ours alone */
  socketPath: string;
}

/**
 * Fresh ports and a fresh key. The ports are ours until `releaseConnection`.
 *
 * @throws {Error} with a sentence when there are too few ports, or the path is too long
 */
export async function newConnection(setup: ConnectionSetup): Promise<ConnectionInfo> {
  const { kernelName, sessionName, transport, portRange, socketPath } = setup;
  if (transport === 'ipc' && Buffer.byteLength(socketPath) > longestSocketPath) {
    throw new Error(
      `The path ${socketPath} is too long for a socket. Set JUPYTER_RUNTIME_DIR to a shorter one, or transport to tcp.`,
    );
  }
  const ports = transport === 'ipc' ? [1, 2, 3, 4, 5] : await takePorts(5, ip, portRange);
  const [shell_port = 0, iopub_port = 0, stdin_port = 0, control_port = 0, hb_port = 0] = ports;
  return {
    shell_port,
    iopub_port,
    stdin_port,
    control_port,
    hb_port,
    ip: transport === 'ipc' ? socketPath : ip,
    key: `${randomBytes(4).toString('hex')}-${randomBytes(12).toString('hex')}`,
    transport,
    signature_scheme: 'hmac-sha256',
    kernel_name: kernelName,
    ...(sessionName === undefined ? {} : { jupyter_session: sessionName }),
  };
}

export function releaseConnection(connection: ConnectionInfo): void {
  const { shell_port, iopub_port, stdin_port, control_port, hb_port } = connection;
  const ports = [shell_port, iopub_port, stdin_port, control_port, hb_port];
  if (connection.transport === 'tcp') return returnPorts(ports);
  // Who binds such a socket leaves its name behind.
  for (const port of ports) removeRuntimeFile(`${connection.ip}-${port}`);
}

/** Where a socket listens: for Node's `net`. */
export type SocketAddress = { host: string; port: number } | { path: string };

export function socketAddress(
  connection: ConnectionInfo,
  channel: 'shell' | 'control' | 'stdin' | 'iopub',
): SocketAddress {
  const port = connection[`${channel}_port`];
  if (connection.transport === 'ipc') return { path: `${connection.ip}-${port}` };
  return { host: connection.ip, port };
}

/** The files of one kernel, and the beginning of the names of its sockets (as Jupyter has them). */
export function runtimePaths(runtimeDir: string, kernelId: string) {
  const path = join(runtimeDir, `kernel-${kernelId}`);
  return { connectionFile: `${path}.json`, outputFile: `${path}.log`, socketPath: `${path}-ipc` };
}

/** What one of these files or sockets is called, whatever the kernel's id: also those of a server that was killed. */
export const runtimeFileName = /^kernel-[\w-]+?(\.json|\.log|-ipc-[1-5])$/;

/** Writes the file for its owner alone; one that is left from an earlier run is replaced, never written through. */
export async function writeConnectionFile(path: string, connection: ConnectionInfo): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  await writeFile(path, JSON.stringify(connection, null, 2), { mode: 0o600, flag: 'wx' });
}

/** At once, so that nothing can come between: a file of this name may be written anew in the next moment. */
export function removeRuntimeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A directory that is no longer ours: the end of a kernel must not fail for it.
  }
}
