/** Turns what a websocket client sent into a message for the kernel. Pure but for Node's buffers. */
import type { RawData } from 'ws';
import { parseHeader } from '../protocol/kernel-messages.js';
import type { MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { FrameError } from '../protocol/websocket-frame.js';
import type { ChannelMessage } from '../protocol/websocket-frame.js';
import { decodeLegacyBinary, decodeLegacyText } from '../protocol/websocket-legacy.js';
import { decodeV1 } from '../protocol/websocket-v1.js';
import type { Framing } from './outgoing-message.js';

export interface IncomingMessage {
  channel: Exclude<KernelChannel, 'iopub'>;
  message: WireMessage;
  header: MessageHeader;
}

/** @throws {FrameError} when it is not a message for a kernel */
export function decodeIncoming(data: RawData, isBinary: boolean, framing: Framing): IncomingMessage {
  const { channel, header, parentHeader, metadata, content, buffers } = decodeFrame(
    toBuffer(data),
    isBinary,
    framing,
  );
  if (channel !== 'shell' && channel !== 'control' && channel !== 'stdin') {
    throw new FrameError(`there is no channel ${JSON.stringify(channel.slice(0, 100))} to a kernel`);
  }
  const parsed = parseHeader(header);
  if (!parsed) throw new FrameError('a message whose header has no msg_id or msg_type');
  return {
    channel,
    message: {
      identities: [],
      header: view(header),
      parentHeader: view(parentHeader),
      metadata: view(metadata),
      content: view(content),
      buffers: buffers.map(view),
    },
    header: parsed,
  };
}

function decodeFrame(data: Buffer, isBinary: boolean, framing: Framing): ChannelMessage {
  if (framing === 'v1') {
    if (!isBinary) throw new FrameError('a text frame where v1 frames were agreed on');
    return decodeV1(data);
  }
  return isBinary ? decodeLegacyBinary(data) : decodeLegacyText(data);
}

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** The same bytes as a Node buffer. */
function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
