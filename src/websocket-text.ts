/** The text of a websocket's message, in whichever form `ws` hands out its bytes. */
import type { RawData } from 'ws';

export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}
