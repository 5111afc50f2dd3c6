/** The websocket of a page on a terminal. */
import type { WebSocket } from 'ws';
import type { Log } from '../log.js';
import {
  TerminalMessageError,
  parseTerminalMessage,
  type TerminalServerMessage,
} from '../protocol/terminal-messages.js';
import { textOf } from '../websocket-text.js';
import type { Terminal, TerminalClient } from './terminal.js';

/** "Unsupported data" */
const NOT_UNDERSTOOD = 1003;
/** A pasted text is smaller; more would only wait in our memory for a shell that reads slowly. */
const LARGEST_INPUT = 16 * 1024 * 1024;

/** @param acknowledges  the client says what it has drawn (`?ack=1`); otherwise what left our socket counts as taken */
export function handleTerminalSocket(
  ws: WebSocket,
  terminal: Terminal,
  { acknowledges, log }: { acknowledges: boolean; log: Log },
): void {
  const client = new SocketClient(ws, acknowledges, () => terminal.taken(client));
  terminal.attach(client);
  ws.on('message', (data, isBinary) => {
    try {
      const text = textOf(data);
      if (isBinary || text.length > LARGEST_INPUT)
        throw new TerminalMessageError('Messages to a terminal are text of at most 16 MiB.');
      const message = parseTerminalMessage(text);
      if (message?.type === 'stdin') terminal.input(client, message.text);
      else if (message?.type === 'size') terminal.resize(client, message.rows, message.columns);
      else if (message?.type === 'ack') client.acknowledge(message.length);
      else if (message?.type === 'ping')
        client.send(JSON.stringify(['pong'] satisfies TerminalServerMessage), 0);
    } catch (error) {
      if (!(error instanceof TerminalMessageError))
        log.error(`A message to terminal ${terminal.name} failed: ${String(error)}`);
      ws.close(NOT_UNDERSTOOD, error instanceof TerminalMessageError ? error.message : '');
    }
  });
  ws.on('close', () => terminal.detach(client));
  // A broken connection closes; the page gets the scrollback when it comes back.
  ws.on('error', () => terminal.detach(client));
}

class SocketClient implements TerminalClient {
  #unacknowledged = 0;

  constructor(
    private readonly ws: WebSocket,
    private readonly acknowledges: boolean,
    private readonly onTaken: () => void,
  ) {}

  get waiting(): number {
    return this.acknowledges ? this.#unacknowledged : this.ws.bufferedAmount;
  }

  send(message: string, length: number): void {
    if (this.ws.readyState !== this.ws.OPEN) return;
    this.#unacknowledged += length;
    this.ws.send(message, () => {
      if (!this.acknowledges) this.onTaken();
    });
  }

  acknowledge(length: number): void {
    this.#unacknowledged = Math.max(0, this.#unacknowledged - length);
    this.onTaken();
  }

  close(): void {
    this.ws.close(1000, 'The shell has ended.');
  }
}
