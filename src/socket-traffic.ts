/** How far what was written to a socket has come: whether a client reads, and how fast. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Bytes that the system has taken of all that was written, also of a long write that goes on. 0 for what is no socket of the
 * system's, or not open any more.
 */
export function bytesTaken(socket: Duplex): number {
  if (!(socket instanceof Socket)) return 0;
  // Node counts a write as a whole. How much of one is left is known to the handle alone, for which there is no public name;
  // under TLS to the handle below, as all of a write is encrypted at once.
  const handle = property(socket, '_handle');
  const below = property(handle, '_parent') ?? handle;
  const [given, left] = [property(below, 'bytesWritten'), property(below, 'writeQueueSize')];
  return typeof given === 'number' && typeof left === 'number' ? given - left : 0;
}

function property(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}
