/** The connection file: how a kernel and its clients find each other (Jupyter messaging 5.4, "Connection files"). */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { returnPorts, takePorts } from './ports.js';
import type { PortRange } from './ports.js';

/** The content of a connection file, with Jupyter's names. */
export interface ConnectionInfo {
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
  ip: string;
  /** HMAC key as text */
  key: string;
  transport: 'tcp';
  signature_scheme: 'hmac-sha256';
  kernel_name: string;
  /** JPY_SESSION_NAME, as newer clients write it */
  jupyter_session?: string;
}

/** Kernels listen on this machine only: their messages are signed but readable. */
const ip = '127.0.0.1';

/** Fresh ports and a fresh key. The ports are ours until `releaseConnection`. */
export async function newConnection(
  kernelName: string,
  sessionName: string | undefined,
  range?: PortRange,
): Promise<ConnectionInfo> {
  const ports = await takePorts(5, ip, range);
  const [shell_port = 0, iopub_port = 0, stdin_port = 0, control_port = 0, hb_port = 0] = ports;
  return {
    shell_port,
    iopub_port,
    stdin_port,
    control_port,
    hb_port,
    ip,
    key: `${randomBytes(4).toString('hex')}-${randomBytes(12).toString('hex')}`,
    transport: 'tcp',
    signature_scheme: 'hmac-sha256',
    kernel_name: kernelName,
    ...(sessionName === undefined ? {} : { jupyter_session: sessionName }),
  };
}

export function releaseConnection(connection: ConnectionInfo): void {
  const { shell_port, iopub_port, stdin_port, control_port, hb_port } = connection;
  returnPorts([shell_port, iopub_port, stdin_port, control_port, hb_port]);
}

/** `tcp://127.0.0.1:50000` */
export function endpoint(
  connection: ConnectionInfo,
  channel: 'shell' | 'control' | 'stdin' | 'iopub',
): string {
  return `${connection.transport}://${connection.ip}:${connection[`${channel}_port`]}`;
}

export function connectionFilePath(runtimeDir: string, kernelId: string): string {
  return join(runtimeDir, `kernel-${kernelId}.json`);
}

/** Writes the file for its owner alone; one that is left from an earlier run is replaced, never written through. */
export async function writeConnectionFile(path: string, connection: ConnectionInfo): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  await writeFile(path, JSON.stringify(connection, null, 2), { mode: 0o600, flag: 'wx' });
}

export async function removeConnectionFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
