/** The websocket of a page on a live document: one JSON message a frame, and a bounded queue towards a slow page. */
import type { WebSocket } from 'ws';
import { silentLog, type Log } from '../log.js';
import { PageMessageError, parsePageMessage } from '../protocol/page-messages.js';
import type { ServerMessage } from '../protocol/document-messages.js';
import { textOf } from '../websocket-text.js';
import type { DocumentPage } from './document-pages.js';
import type { LiveDocument } from './live-document.js';

/** Bytes that may wait for a page, beside the largest message it was sent, before it is told to start over. */
const MOST_WAITING = 8_000_000;
const STALE = JSON.stringify({ type: 'stale' } satisfies ServerMessage);
const ALIVE = JSON.stringify({ type: 'alive' } satisfies ServerMessage);

/** "Going away": the page may come back. */
const GOING_AWAY = 1001;
/** "Internal error": as well; it gets a snapshot then, or goes on where it was. */
const FAILED = 1011;

export function handleDocumentSocket(ws: WebSocket, document: LiveDocument, log: Log = silentLog): void {
  const page = new SocketPage(ws);
  // Before anything that can fail: a page that is gone is let go.
  ws.on('close', () => document.detach(page));
  // A broken connection closes; what it could not deliver, the page asks for when it comes back.
  ws.on('error', () => document.detach(page));
  document.attach(page);
  ws.on('message', (data, isBinary) => {
    if (isBinary) {
      page.sendNow({
        type: 'notice',
        level: 'error',
        message: 'Messages to a document are JSON in text frames.',
      });
      return;
    }
    try {
      const message = parsePageMessage(textOf(data));
      if (message.type === 'alive') page.isAlive();
      else if (message.type === 'resume') page.catchUp(() => document.receive(page, message));
      else document.receive(page, message);
    } catch (error) {
      if (!(error instanceof PageMessageError)) {
        // A defect of ours with one message must not end the server, with all kernels and documents in it.
        log.error(
          `A message to ${document.path} failed: ${error instanceof Error ? error.stack : String(error)}`,
        );
        ws.close(FAILED);
        return;
      }
      const { message, seq } = error;
      page.sendNow(
        seq === undefined ? { type: 'notice', level: 'error', message } : { type: 'refused', seq, message },
      );
    }
  });
}

class SocketPage implements DocumentPage {
  /** It was told to start over, and gets nothing until it asks. */
  #isBehind = false;
  /** what brings it up to date is being sent: all of that, or it would wait for the rest for ever */
  #isAnswered = false;
  #largest = 0;

  constructor(private readonly ws: WebSocket) {}

  get waiting(): number {
    return this.ws.bufferedAmount;
  }

  send(text: string): void {
    if (this.#isBehind || this.ws.readyState !== this.ws.OPEN) return;
    if (!this.#isAnswered && this.#isFull) {
      this.#isBehind = true;
      this.ws.send(STALE);
      return;
    }
    this.#largest = Math.max(this.#largest, text.length);
    this.ws.send(text);
  }

  sendNow(message: ServerMessage): void {
    this.send(JSON.stringify(message));
  }

  /** It asks to be brought up to date. @param answer  sends what does */
  catchUp(answer: () => void): void {
    // It asks again and again and does not read: on a new connection it begins with nothing before it.
    if (this.#isFull) {
      this.close();
      return;
    }
    this.#isBehind = false;
    this.#isAnswered = true;
    try {
      answer();
    } finally {
      this.#isAnswered = false;
    }
  }

  /** Also to one that is behind: that it is slow does not mean that nobody is here. */
  isAlive(): void {
    if (this.ws.readyState === this.ws.OPEN) this.ws.send(ALIVE);
  }

  get #isFull(): boolean {
    return this.ws.bufferedAmount > MOST_WAITING + this.#largest;
  }

  close(): void {
    this.ws.close(GOING_AWAY);
  }
}
