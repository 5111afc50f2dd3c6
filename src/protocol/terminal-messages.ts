/**
 * What travels on the websocket of a terminal: JSON arrays in text frames, as terminado speaks them.
 *
 * Two things are ours. A client that adds `?ack=1` to the address tells by `["ack", n]` how much text it has drawn, and the
 * server holds the terminal back while much is on its way: a browser has no other way to say that it is behind. And
 * `["ping"]` is answered by `["pong"]`: a browser cannot see the pings of websockets, nor that nobody is there any more.
 */

/** From the server. Sizes are not sent: each client has its own. */
export type TerminalServerMessage =
  | ['setup', Record<string, never>]
  | ['stdout', string]
  | ['pong']
  /** the shell has ended; the socket closes */
  | ['disconnect', 1];

export type TerminalClientMessage =
  | { type: 'stdin'; text: string }
  | { type: 'size'; rows: number; columns: number }
  /** UTF-16 units of `stdout` texts that were drawn since the last one */
  | { type: 'ack'; length: number }
  | { type: 'ping' };

export class TerminalMessageError extends Error {}

/** Larger ones are no window, and would only cost memory. */
const LARGEST_SIZE = 1000;

/**
 * @returns undefined for a message of a type that is not known: terminado passes over these, too
 * @throws {TerminalMessageError} with a sentence for what is no terminal message at all
 */
export function parseTerminalMessage(text: string): TerminalClientMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new TerminalMessageError('Messages to a terminal are JSON.');
  }
  if (!Array.isArray(message)) throw new TerminalMessageError('Messages to a terminal are JSON arrays.');
  const [type, ...values] = message as unknown[];
  if (type === 'stdin') {
    if (typeof values[0] !== 'string') throw new TerminalMessageError('stdin needs a text: ["stdin", "ls"]');
    return { type, text: values[0] };
  }
  if (type === 'set_size') {
    const [rows, columns] = values;
    // A window that is not laid out yet has no size: terminado keeps the old one.
    if (!isSize(rows) || !isSize(columns)) return undefined;
    return { type: 'size', rows: Math.floor(rows), columns: Math.floor(columns) };
  }
  if (type === 'ack') {
    const [length] = values;
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0)
      throw new TerminalMessageError('ack needs a length: ["ack", 4096]');
    return { type, length };
  }
  return type === 'ping' ? { type } : undefined;
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= LARGEST_SIZE;
}
