/**
 * A message of the kernel on its way to websockets. It is encoded once for each framing, and what was received is let go:
 * the bytes of the v1 frame hold everything, in one piece instead of seven.
 */
import { isUtf8 } from 'node:buffer';
import { parseHeader } from '../protocol/kernel-messages.js';
import type { MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { copyBytes, frameHeaderLength, longestFrameHeader } from '../protocol/websocket-frame.js';
import type { ChannelMessage } from '../protocol/websocket-frame.js';
import { encodeLegacy, legacyLength, legacyTail, writeLegacy } from '../protocol/websocket-legacy.js';
import { decodeV1, encodeV1Parts, v1Length, writeV1 } from '../protocol/websocket-v1.js';
import { copyBelow, FrameBlocks, frameLength, standalone } from './frame-blocks.js';
import type { Frame } from './frame-blocks.js';
import { finiteNumbers } from './finite-numbers.js';

export type Framing = 'v1' | 'legacy';

/** Where the frames of many messages are laid out side by side. */
export type MessageBlocks = Record<Framing, FrameBlocks>;

export function messageBlocks(): MessageBlocks {
  return { v1: new FrameBlocks(), legacy: new FrameBlocks() };
}

const channelNames: Record<KernelChannel, Buffer> = {
  shell: Buffer.from('shell'),
  control: Buffer.from('control'),
  stdin: Buffer.from('stdin'),
  iopub: Buffer.from('iopub'),
};

/** What an object and its frame cost besides the bytes, so that many small messages are counted as what they are. */
const overhead = 256;

export class OutgoingMessage {
  /** bytes, as queues count them */
  readonly length: number;
  readonly type: string;
  /** its number among the messages of the kernel that are kept; 0: made by the server, and not kept */
  sequence = 0;
  /** bytes of all messages of the kernel that were kept, up to the end of this one; set with its number */
  endsAt = 0;
  /** the session that it is for; undefined: everybody */
  recipient: string | undefined;
  /** The text of a stream: the one thing that may be left out for a client that does not keep up. */
  readonly isStream: boolean;
  /** A status that answers nothing: what the server says about the kernel, or the kernel about its start. */
  readonly isAnnouncement: boolean;
  readonly #channel: KernelChannel;
  #v1: Frame;
  #legacy: Frame | undefined;
  #standsAlone = false;
  /** only where big ones of them make several pieces of the v1 frame */
  readonly #parts: ChannelMessage | undefined = undefined;

  constructor(
    channel: KernelChannel,
    message: WireMessage,
    header: Pick<MessageHeader, 'msg_type'>,
    blocks = { v1: new FrameBlocks(0) } as Pick<MessageBlocks, 'v1'>,
  ) {
    this.#channel = channel;
    this.type = header.msg_type;
    this.isAnnouncement = header.msg_type === 'status' && message.parentHeader.length <= 2;
    this.isStream = channel === 'iopub' && header.msg_type === 'stream';
    const name = channelNames[channel];
    const length = v1Length(name, message);
    if (message.buffers.length === 0 && length < copyBelow) {
      const at = blocks.v1.begin(true, length);
      this.#v1 = blocks.v1.end(writeV1(blocks.v1.block, blocks.v1.view, at, name, message));
    } else {
      const hasBig = partsOf(message).some((part) => part.length >= copyBelow);
      const whole = { channel, ...(hasBig ? withOwnParts(message) : message) };
      const encoded = encodeV1Parts(whole);
      if (hasBig) {
        // Small parts are kept as long as the big ones, so they are not put into a block of many messages.
        this.#v1 = new FrameBlocks(smallLength(encoded.parts) + longestFrameHeader).add(encoded);
        this.#parts = whole;
      } else {
        let at = blocks.v1.begin(true, lengthOf(encoded.parts));
        for (const part of encoded.parts) at = copyBytes(blocks.v1.block, at, part);
        this.#v1 = blocks.v1.end(at);
      }
    }
    this.length = frameLength(this.#v1) + overhead + (this.#parts ? cost(this.#parts) : 0);
  }

  get channel(): KernelChannel {
    return this.#channel;
  }

  /** A status that says what a request does is needed to know its end, as much as a reply. */
  get isEssential(): boolean {
    return this.#channel !== 'iopub' || this.type === 'status';
  }

  /** @param given  its parts and header, where they are at hand; else they are read again */
  frame(
    framing: Framing,
    blocks?: MessageBlocks,
    given?: { message: WireMessage; header: MessageHeader },
  ): Frame {
    if (framing === 'v1') return this.#v1;
    if (this.#legacy) return this.#legacy;
    const target = blocks?.legacy ?? new FrameBlocks(0);
    const parts: Parts = given?.message ?? this.parts;
    const header = given?.header ?? parseHeader(parts.header) ?? { msg_id: '', msg_type: this.type };
    return (this.#legacy = this.#encodeLegacy(target, parts, header));
  }

  #encodeLegacy(
    blocks: FrameBlocks,
    parts: Parts,
    header: Pick<MessageHeader, 'msg_id' | 'msg_type'>,
  ): Frame {
    if (parts.buffers.length === 0) {
      const tail = legacyTail(this.#channel, header);
      const length = legacyLength(parts, tail);
      if (length < copyBelow) {
        const at = blocks.begin(false, length);
        const end = writeLegacy(blocks.block, at, parts, tail);
        if (isReadable(blocks.block.subarray(at, end))) return blocks.end(end);
      }
    }
    return blocks.add(encodeLegacy(readable({ channel: this.#channel, ...parts }), header));
  }

  /** The legacy frame is made again when somebody needs it: what is kept for later is kept once. */
  forgetLegacy(): void {
    this.#legacy = undefined;
  }

  /** From now on it keeps nothing alive but its own bytes. */
  standAlone(): void {
    if (this.#standsAlone) return;
    this.#standsAlone = true;
    this.#v1 = standalone(this.#v1);
    this.#legacy = undefined;
  }

  /** The JSON parts and buffers, as views. */
  get parts(): ChannelMessage {
    if (this.#parts) return this.#parts;
    const { block, start, end } = this.#v1;
    return decodeV1(block.subarray(start + headerLength(end - start), end));
  }
}

type Parts = Omit<ChannelMessage, 'channel'>;

function partsOf({ header, parentHeader, metadata, content, buffers }: Parts): Uint8Array[] {
  return [header, parentHeader, metadata, content, ...buffers];
}

function lengthOf(all: readonly Uint8Array[]): number {
  return all.reduce((sum, { length }) => sum + length, 0);
}

function smallLength(all: readonly Uint8Array[]): number {
  return lengthOf(all.filter(({ length }) => length < copyBelow));
}

/** The same parts, the small ones in memory of their own: as they came they are views of whole blocks that were read. */
function withOwnParts(message: Parts): Parts {
  const memory = Buffer.allocUnsafeSlow(smallLength(partsOf(message)));
  let used = 0;
  const own = (part: Uint8Array): Uint8Array => {
    if (part.length >= copyBelow) return part;
    const start = used;
    memory.set(part, start);
    used += part.length;
    return memory.subarray(start, used);
  };
  return {
    header: own(message.header),
    parentHeader: own(message.parentHeader),
    metadata: own(message.metadata),
    content: own(message.content),
    buffers: message.buffers.map(own),
  };
}

/** What parts cost that are kept besides their frame: the small ones' bytes, and an object for each. */
function cost(message: Parts): number {
  return smallLength(partsOf(message)) + message.buffers.length * overhead;
}

/** Bytes of the websocket header of a frame of this length. */
function headerLength(frameLength: number): number {
  for (const length of [2, 4]) if (frameHeaderLength(frameLength - length) === length) return length;
  return 10;
}

/**
 * A text frame has to be UTF-8, or it ends the websocket, and it has to be JSON, or the client loses the message. Broken
 * bytes become U+FFFD there and NaN and Infinity null, as the kernel's own JSON writer should have had it.
 */
function readable(message: ChannelMessage): ChannelMessage {
  const repaired = { ...message };
  for (const name of ['header', 'parentHeader', 'metadata', 'content'] as const) {
    repaired[name] = finiteNumbers(validText(message[name]));
  }
  return repaired;
}

/** Whether there is nothing to repair; where it is not sure, the parts are looked at one by one. */
function isReadable(frame: Buffer): boolean {
  return isUtf8(frame) && !frame.includes('NaN', 0, 'latin1') && !frame.includes('Infinity', 0, 'latin1');
}

function validText(bytes: Uint8Array): Uint8Array {
  return isUtf8(bytes) ? bytes : Buffer.from(new TextDecoder().decode(bytes));
}
