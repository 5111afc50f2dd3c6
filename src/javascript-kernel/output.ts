/** Sends what user code writes to `process.stdout`, `process.stderr` and the console to its cell. */
import { Console } from 'node:console';
import { StringDecoder } from 'node:string_decoder';
import type { CellContext } from './cell-context.js';
import type { RingWriter, StreamName } from './text-ring.js';

type Written = (error?: Error | null) => void;

/**
 * Replaces `write` of both streams, and the console's methods by ones that colour objects as on a terminal.
 *
 * Child processes with inherited stdio write to the process's real stdout; the server keeps that in the kernel's log.
 */
export function installOutput(
  ring: RingWriter,
  context: CellContext,
  clear: () => void,
  colors: boolean,
): void {
  for (const name of ['stdout', 'stderr'] as const) captureStream(name, ring, context);
  const { stdout, stderr } = process;
  const fresh = new Console({ stdout, stderr, colorMode: colors, inspectOptions: {} });
  for (const [name, method] of Object.entries(fresh) as [string, unknown][]) {
    if (typeof method === 'function') Reflect.set(console, name, method);
  }
  console.clear = clear;
}

function captureStream(name: StreamName, ring: RingWriter, context: CellContext): void {
  const decoder = new StringDecoder('utf8');
  const write = (chunk: unknown, encoding?: BufferEncoding | Written, done?: Written): boolean => {
    const text =
      typeof chunk === 'string'
        ? chunk
        : chunk instanceof Uint8Array
          ? decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
          : undefined;
    if (text === undefined) {
      throw new TypeError(`process.${name}.write takes a string, a Buffer or a Uint8Array`);
    }
    if (text) ring.write(context.cell, name, text);
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
  Object.defineProperty(process[name], 'write', { value: write, writable: true, configurable: true });
}
