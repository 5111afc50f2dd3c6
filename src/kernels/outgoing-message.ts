/** A message of the kernel on its way to websockets: encoded when the first client of a framing needs it, then shared. */
import { isUtf8 } from 'node:buffer';
import type { MessageHeader } from '../protocol/kernel-messages.js';
import { wireLength } from '../protocol/wire-frames.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import type { EncodedFrame } from '../protocol/websocket-frame.js';
import { encodeLegacy } from '../protocol/websocket-legacy.js';
import { encodeV1Pieces } from '../protocol/websocket-v1.js';

export type Framing = 'v1' | 'legacy';

export class OutgoingMessage {
  /** bytes of the message, as queues count them */
  readonly length: number;
  #v1: EncodedFrame | undefined;
  #legacy: EncodedFrame | undefined;

  constructor(
    readonly channel: KernelChannel,
    readonly message: WireMessage,
    readonly header: MessageHeader,
  ) {
    this.length = wireLength(message);
  }

  /** Only the text of streams may be left out for a client that does not keep up; everything else has to arrive. */
  get isStream(): boolean {
    return this.channel === 'iopub' && this.header.msg_type === 'stream';
  }

  encoded(framing: Framing): EncodedFrame {
    if (framing === 'v1') {
      return (this.#v1 ??= {
        binary: true,
        pieces: encodeV1Pieces({ channel: this.channel, ...this.message }),
      });
    }
    const message = validText(this.message);
    return (this.#legacy ??= encodeLegacy({ channel: this.channel, ...message }, this.header));
  }
}

/**
 * A text frame that is not UTF-8 ends the websocket, so broken bytes are replaced there. Everything else is the kernel's
 * own: a NaN in its JSON, which some kernels write and most clients cannot read, is passed on as it came.
 */
function validText(message: WireMessage): WireMessage {
  const { header, parentHeader, metadata, content } = message;
  if ([header, parentHeader, metadata, content].every((part) => isUtf8(part))) return message;
  const repair = (part: Buffer) => (isUtf8(part) ? part : Buffer.from(part.toString()));
  return {
    ...message,
    header: repair(header),
    parentHeader: repair(parentHeader),
    metadata: repair(metadata),
    content: repair(content),
  };
}
