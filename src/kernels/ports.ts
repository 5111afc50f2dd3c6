/** Hands out TCP ports for kernels: each one once in this process, because a closed probe port comes round again at once. */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

export interface PortRange {
  first: number;
  /** inclusive */
  last: number;
}

/** Dynamic ports as IANA has them. */
export const defaultPortRange: PortRange = { first: 49_152, last: 65_535 };

/** With fewer ports than this beyond the system's own, the whole range is used. */
const enough = 1000;
const attempts = 200;

/** Every kernel of the process takes its ports here, also when there are several servers in it. */
const taken = new Set<number>();

/**
 * Finds free ports on an address.
 *
 * Ports from which the system itself takes the near end of outgoing connections are avoided: a socket that tries to
 * reach a kernel which does not listen yet can be given that very port, is then connected to itself, and the kernel
 * finds its port in use.
 *
 * @throws {Error} when there are too few
 */
export async function takePorts(
  count: number,
  ip: string,
  range: PortRange = defaultPortRange,
): Promise<number[]> {
  const ranges = outside(range, await ephemeralPorts());
  const ports: number[] = [];
  const refusals = new Set<string>();
  for (let i = 0; i < attempts && ports.length < count;) {
    const tried: number[] = [];
    for (; i < attempts && ports.length + tried.length < count; i++) {
      const port = pick(ranges);
      if (taken.has(port)) continue;
      taken.add(port);
      tried.push(port);
    }
    const answers = await Promise.all(tried.map((port) => bindRefusal(port, ip)));
    answers.forEach((refusal, at) => {
      const port = tried[at] ?? 0;
      if (refusal === undefined) {
        ports.push(port);
      } else {
        taken.delete(port);
        refusals.add(refusal);
      }
    });
  }
  if (ports.length === count) return ports;
  returnPorts(ports);
  const between = `between ${range.first} and ${range.last}`;
  if (refusals.size > 0 && !refusals.has('EADDRINUSE')) {
    throw new Error(
      `The system does not let a kernel listen on ports ${between} of ${ip} (${[...refusals].join(', ')}). ` +
        'Choose others with kernel_port_range, or set transport to ipc.',
    );
  }
  throw new Error(
    `No free ports for a kernel ${between}: end other kernels, widen kernel_port_range, or set transport to ipc.`,
  );
}

export function returnPorts(ports: readonly number[]): void {
  for (const port of ports) taken.delete(port);
}

/** The parts of a range that are outside another; the range itself when too little is left. */
function outside(range: PortRange, { first, last }: PortRange): PortRange[] {
  const parts = [
    { first: range.first, last: Math.min(range.last, first - 1) },
    { first: Math.max(range.first, last + 1), last: range.last },
  ].filter((part) => part.first <= part.last);
  const size = parts.reduce((sum, part) => sum + part.last - part.first + 1, 0);
  return size >= enough ? parts : [range];
}

function pick(ranges: readonly PortRange[]): number {
  let index = randomInt(ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0));
  for (const { first, last } of ranges) {
    if (index <= last - first) return first + index;
    index -= last - first + 1;
  }
  throw new Error('An empty range of kernel ports.');
}

/** Where the system takes outgoing ports from. */
async function ephemeralPorts(): Promise<PortRange> {
  // Elsewhere than on Linux: the range of IANA, so all of the default range is taken as it is.
  const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '');
  const [first, last] = text.trim().split(/\s+/).map(Number);
  return first && last ? { first, last } : defaultPortRange;
}

/** Why nobody can listen on this port; undefined when somebody can. */
function bindRefusal(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
