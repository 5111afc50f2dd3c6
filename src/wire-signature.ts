/** HMAC signatures over wire frames, in both directions (Jupyter messaging 5.4, "The wire protocol"). */
import { createHmac, hash } from 'node:crypto';
import { joinFrames, splitFrames, WireError } from './protocol/wire-frames.js';
import type { WireMessage } from './protocol/wire-frames.js';
import { copyBytes } from './protocol/websocket-frame.js';

/** How many signatures are remembered, to refuse a message that is played back: about half a megabyte. */
const defaultHistory = 8192;
/** Bytes up to which the parts are joined before they are hashed: each call into the hash costs more than their copy. */
const joinBelow = 4096;
/** Bytes of what the hashes below give. */
const longestDigest = 32;

/** Hashes whose HMAC is made here for short messages (RFC 2104), and the bytes of a block of theirs. */
const blockLengths: Readonly<Record<string, number>> = { sha256: 64, sha1: 64, md5: 64 };

/** Signs what we send and checks what we receive over one connection. */
export class WireSignature {
  readonly #hash: string;
  readonly #key: Uint8Array | undefined;
  readonly #short: ShortHmac | undefined;
  /** signatures that came lately, and those before them */
  #seen = new Set<string>();
  #seenBefore = new Set<string>();
  readonly #history: number;

  /**
   * @param key      `key` of the connection file; an empty one turns signing off
   * @param scheme   `signature_scheme` of the connection file, for example `hmac-sha256`
   * @param history  how many signatures to remember at least, and at most twice as many
   */
  constructor(key: string, scheme = 'hmac-sha256', history = defaultHistory) {
    const [kind, hash] = scheme.split('-');
    if (kind !== 'hmac' || !hash) throw new WireError(`the signature scheme ${scheme} is not known`);
    this.#hash = hash;
    this.#key = key === '' ? undefined : Buffer.from(key);
    const blockLength = blockLengths[hash];
    if (this.#key && blockLength !== undefined && this.#key.length <= blockLength) {
      this.#short = new ShortHmac(hash, this.#key, blockLength);
    }
    this.#history = history;
  }

  /** The frames to send. */
  encode(message: WireMessage): Uint8Array[] {
    const signature = this.#key ? Buffer.from(this.#digest(message, this.#key), 'latin1') : Buffer.alloc(0);
    return joinFrames(message, signature);
  }

  /**
   * The message that was received.
   *
   * @throws {WireError} when the frames are no message, or the signature is wrong or was seen before
   */
  decode(frames: readonly Buffer[]): WireMessage {
    const { message, signature } = splitFrames(frames);
    if (!this.#key) return message;
    const expected = this.#digest(message, this.#key);
    if (!isSame(expected, signature)) throw new WireError('a message with a wrong signature');
    this.#remember(expected);
    return message;
  }

  /** Hex. Buffers are not signed. */
  #digest(message: WireMessage, key: Uint8Array): string {
    const { header, parentHeader, metadata, content } = message;
    const length = header.length + parentHeader.length + metadata.length + content.length;
    if (this.#short && length <= joinBelow) return this.#short.digest(message);
    return createHmac(this.#hash, key)
      .update(header)
      .update(parentHeader)
      .update(metadata)
      .update(content)
      .digest('hex');
  }

  /** Two sets in turn: to take single ones out of a set of thousands would cost more than all else here. */
  #remember(signature: string): void {
    if (this.#seen.has(signature) || this.#seenBefore.has(signature)) {
      throw new WireError('a message that was played back');
    }
    this.#seen.add(signature);
    if (this.#seen.size < this.#history) return;
    this.#seenBefore = this.#seen;
    this.#seen = new Set();
  }
}

/** HMAC in two calls that make no object, which for a short message is twice as fast as Node's. */
class ShortHmac {
  readonly #hash: string;
  readonly #blockLength: number;
  /** the key with each of the paddings, and room for what is hashed after it */
  readonly #inner: Buffer;
  readonly #outer: Buffer;

  constructor(hash: string, key: Uint8Array, blockLength: number) {
    this.#hash = hash;
    this.#blockLength = blockLength;
    const padded = (byte: number, room: number) => {
      const bytes = Buffer.alloc(blockLength + room);
      bytes.set(key);
      for (let i = 0; i < blockLength; i++) bytes[i] = (bytes[i] ?? 0) ^ byte;
      return bytes;
    };
    this.#inner = padded(0x36, joinBelow);
    this.#outer = padded(0x5c, longestDigest);
  }

  digest({ header, parentHeader, metadata, content }: WireMessage): string {
    const inner = this.#inner;
    let at = copyBytes(inner, this.#blockLength, header);
    at = copyBytes(inner, at, parentHeader);
    at = copyBytes(inner, at, metadata);
    at = copyBytes(inner, at, content);
    const first = hash(this.#hash, inner.subarray(0, at), 'binary');
    const end = this.#blockLength + this.#outer.write(first, this.#blockLength, 'latin1');
    return hash(this.#hash, this.#outer.subarray(0, end), 'hex');
  }
}

/** Compares all of it, so that the time says nothing of where the first difference is. */
function isSame(hex: string, signature: Uint8Array): boolean {
  if (signature.length !== hex.length) return false;
  let difference = 0;
  for (let i = 0; i < hex.length; i++) difference |= hex.charCodeAt(i) ^ (signature[i] ?? 0);
  return difference === 0;
}
