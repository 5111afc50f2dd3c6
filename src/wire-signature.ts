/** HMAC signatures over wire frames, in both directions (Jupyter messaging 5.4, "The wire protocol"). */
import { createHmac, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { joinFrames, splitFrames, WireError } from './protocol/wire-frames.js';
import type { WireMessage } from './protocol/wire-frames.js';
import { copyBytes } from './protocol/websocket-frame.js';

/** How many signatures are remembered, to refuse a message that is played back: about half a megabyte. */
const defaultHistory = 8192;
/** Bytes up to which the parts are joined before they are hashed: each call into the hash costs more than their copy. */
const joinBelow = 4096;

/** Signs what we send and checks what we receive over one connection. */
export class WireSignature {
  readonly #hash: string;
  readonly #key: KeyObject | undefined;
  readonly #seen = new Set<string>();
  readonly #history: number;
  readonly #joined = new Uint8Array(joinBelow);

  /**
   * @param key      `key` of the connection file; an empty one turns signing off
   * @param scheme   `signature_scheme` of the connection file, for example `hmac-sha256`
   * @param history  how many signatures to remember
   */
  constructor(key: string, scheme = 'hmac-sha256', history = defaultHistory) {
    const [kind, hash] = scheme.split('-');
    if (kind !== 'hmac' || !hash) throw new WireError(`the signature scheme ${scheme} is not known`);
    this.#hash = hash;
    this.#key = key === '' ? undefined : createSecretKey(Buffer.from(key));
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
  #digest({ header, parentHeader, metadata, content }: WireMessage, key: KeyObject): string {
    const hmac = createHmac(this.#hash, key);
    const length = header.length + parentHeader.length + metadata.length + content.length;
    if (length <= joinBelow) {
      const joined = this.#joined;
      let at = copyBytes(joined, 0, header);
      at = copyBytes(joined, at, parentHeader);
      at = copyBytes(joined, at, metadata);
      at = copyBytes(joined, at, content);
      hmac.update(joined.subarray(0, at));
    } else {
      hmac.update(header).update(parentHeader).update(metadata).update(content);
    }
    return hmac.digest('hex');
  }

  #remember(signature: string): void {
    if (this.#seen.has(signature)) throw new WireError('a message that was played back');
    this.#seen.add(signature);
    if (this.#seen.size <= this.#history) return;
    // A tenth at a time: taking the oldest of a Set is slow when done for each message.
    let excess = Math.ceil(this.#history / 10);
    for (const oldest of this.#seen) {
      if (excess-- === 0) break;
      this.#seen.delete(oldest);
    }
  }
}

/** Compares all of it, so that the time says nothing of where the first difference is. */
function isSame(hex: string, signature: Uint8Array): boolean {
  if (signature.length !== hex.length) return false;
  let difference = 0;
  for (let i = 0; i < hex.length; i++) difference |= hex.charCodeAt(i) ^ (signature[i] ?? 0);
  return difference === 0;
}
