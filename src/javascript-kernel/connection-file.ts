/** Reads the connection file that the server wrote for this kernel (Jupyter client, "Connection files"). */
import { readFileSync } from 'node:fs';

export interface Connection {
  transport: string;
  ip: string;
  key: string;
  signatureScheme: string;
  ports: Record<PortName, number>;
}
export const portNames = ['shell', 'iopub', 'stdin', 'control', 'hb'] as const;
export type PortName = (typeof portNames)[number];

/** @throws Error with a sentence that names the file and what is wrong with it */
export function readConnectionFile(path: string): Connection {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof value !== 'object' || value === null)
    throw new Error(`${path} is no connection file: no JSON object`);
  const fields = value as Record<string, unknown>;
  const text = (name: string, fallback: string) => {
    const found = fields[name] ?? fallback;
    if (typeof found !== 'string') throw new Error(`${path} is no connection file: ${name} is no text`);
    return found;
  };
  const port = (name: PortName) => {
    const found = fields[`${name}_port`];
    if (typeof found !== 'number')
      throw new Error(`${path} is no connection file: ${name}_port is no number`);
    return found;
  };
  return {
    transport: text('transport', 'tcp'),
    ip: text('ip', '127.0.0.1'),
    key: text('key', ''),
    signatureScheme: text('signature_scheme', 'hmac-sha256'),
    ports: {
      shell: port('shell'),
      iopub: port('iopub'),
      stdin: port('stdin'),
      control: port('control'),
      hb: port('hb'),
    },
  };
}

/** Where a socket is bound: `tcp://127.0.0.1:5555`, or `ipc:///run/kernel-1-2`. */
export function socketAddress({ transport, ip, ports }: Connection, name: PortName): string {
  return transport === 'ipc' ? `ipc://${ip}-${ports[name]}` : `${transport}://${ip}:${ports[name]}`;
}
