/**
 * What the server tells websocket clients about the stream of messages itself. A person reads the texts, as output of the
 * cell that they belong to; `replay` messages are for programs, and clients that do not know them pass over them.
 */
import { replayMessageType } from '../protocol/replay-position.js';
import type { ReplayContent } from '../protocol/replay-position.js';
import { makeMessage } from './message-factory.js';
import { OutgoingMessage } from './outgoing-message.js';

/** Text on stderr of the cell whose request has this header. */
export function textNotice(session: string, parentHeader: Uint8Array, text: string): OutgoingMessage {
  return make(session, 'stream', { name: 'stderr', text: `\n[${text}]\n` }, parentHeader);
}

/** Tells a client that counts what number the next message has, and how many before it are lost. */
export function replayNotice(session: string, content: ReplayContent): OutgoingMessage {
  return make(session, replayMessageType, content);
}

/** @param why  `reason` and `exit` of the kernel's model, where there are any */
export function statusNotice(session: string, execution_state: 'dead', why: object): OutgoingMessage {
  return make(session, 'status', { execution_state, ...why });
}

/** `1,234,567` bytes as people say it. */
export function inWords(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
}

function make(session: string, type: string, content: object, parentHeader?: Uint8Array): OutgoingMessage {
  const { message, header } = makeMessage(session, type, { content, parentHeader });
  return new OutgoingMessage('iopub', message, header);
}
