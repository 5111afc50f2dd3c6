/** HMAC signatures over wire frames, in both directions (Jupyter messaging 5.4, "The wire protocol"). */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { joinFrames, splitFrames, WireError } from './protocol/wire-frames.js';
import type { WireMessage } from './protocol/wire-frames.js';

/** How many signatures are remembered, to refuse a message that is played back: about half a megabyte. */
const defaultHistory = 8192;
/** Half of a SHA-256 in hex is plenty to tell signatures apart. */
const rememberedCharacters = 32;

/** Signs what we send and checks what we receive over one connection. */
export class WireSignature {
  readonly #hash: string;
  readonly #key: KeyObject | undefined;
  readonly #seen = new Set<string>();
  readonly #history: number;

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
    return joinFrames(message, this.#digest(message));
  }

  /**
   * The message that was received.
   *
   * @throws {WireError} when the frames are no message, or the signature is wrong or was seen before
   */
  decode(frames: readonly Buffer[]): WireMessage {
    const { message, signature } = splitFrames(frames);
    if (!this.#key) return message;
    const expected = this.#digest(message);
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new WireError('a message with a wrong signature');
    }
    this.#remember(signature.toString('latin1', 0, rememberedCharacters));
    return message;
  }

  /** Hex as ASCII bytes; empty when signing is off. Buffers are not signed. */
  #digest({ header, parentHeader, metadata, content }: WireMessage): Buffer {
    if (!this.#key) return Buffer.alloc(0);
    const hmac = createHmac(this.#hash, this.#key);
    hmac.update(header).update(parentHeader).update(metadata).update(content);
    return Buffer.from(hmac.digest('hex'), 'latin1');
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
