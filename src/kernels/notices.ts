/**
 * What the server tells websocket clients about the stream of messages itself. A person reads the texts, as output of the
 * cell that they belong to; `replay` messages are for programs, and clients that do not know them pass over them.
 */
import { replayMessageType } from '../protocol/replay-position.js';
import type { ReplayContent } from '../protocol/replay-position.js';
import type { KernelChannel } from '../protocol/wire-frames.js';
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

/** The answer to a request that is not sent to the kernel, as the kernel would give it: a reply, and that it is idle. */
export function refusal(
  session: string,
  channel: KernelChannel,
  { header, msgType }: { header: Uint8Array; msgType: string },
  why: string,
): OutgoingMessage[] {
  const error = { ename: 'NotSent', evalue: why, traceback: [why] };
  const content = { status: 'error', execution_count: null, ...error };
  const reply = makeMessage(session, msgType.replace(/_request$/, '_reply'), {
    content,
    parentHeader: header,
  });
  return [
    new OutgoingMessage(channel, reply.message, reply.header),
    make(session, 'status', { execution_state: 'idle' }, header),
  ];
}

/** `1,234,567` bytes as people say it. */
export function inWords(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
}

function make(session: string, type: string, content: object, parentHeader?: Uint8Array): OutgoingMessage {
  const { message, header } = makeMessage(session, type, { content, parentHeader });
  return new OutgoingMessage('iopub', message, header);
}
