/** Makes the messages that the server itself sends, to kernels and to websockets. */
import { randomUUID } from 'node:crypto';
import type { MessageHeader } from '../protocol/kernel-messages.js';
import type { WireMessage } from '../protocol/wire-frames.js';

/** The version of the message protocol that we speak. */
const protocolVersion = '5.3';
const emptyObject = Buffer.from('{}');

export interface MessageParts {
  content?: object;
  metadata?: object;
  /** bytes as received, or parsed */
  parentHeader?: Uint8Array | object;
  subshellId?: string;
}

/** @param session  id of the sender */
export function makeMessage(
  session: string,
  msgType: string,
  { content, metadata, parentHeader, subshellId }: MessageParts = {},
): { message: WireMessage; header: MessageHeader } {
  const header: MessageHeader = {
    msg_id: randomUUID(),
    msg_type: msgType,
    session,
    username: 'nbserver',
    date: new Date().toISOString(),
    version: protocolVersion,
    ...(subshellId === undefined ? {} : { subshell_id: subshellId }),
  };
  const message: WireMessage = {
    identities: [],
    header: toJson(header),
    parentHeader: parentHeader instanceof Uint8Array ? Buffer.from(parentHeader) : toJson(parentHeader),
    metadata: toJson(metadata),
    content: toJson(content),
    buffers: [],
  };
  return { message, header };
}

function toJson(value: object | undefined): Buffer {
  return value === undefined ? emptyObject : Buffer.from(JSON.stringify(value));
}
