/**
 * ZMTP, what ZeroMQ sockets say to each other on a stream (rfc.zeromq.org/spec/23: 3.0, and spec/15: 2.0, which older Java
 * and Go libraries speak), as far as a client of kernels needs it. The mechanism is NULL: Jupyter has no other, and kernels
 * sign their messages themselves.
 */

export type ZmtpSocketType = 'SUB' | 'DEALER';

/** A peer that breaks the protocol, or that is no ZeroMQ socket for us. Its text goes to the log. */
export class ZmtpError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ZmtpError';
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const signatureLength = 10;
/** Of 3.0; that of 2.0 ends earlier, and is told apart by the byte behind the signature. */
const greetingLength = 64;
const mechanism = { at: 12, length: 20 };
const asServer = 32;

/** The bits of a frame's first byte. */
export const frameFlags = { more: 1, long: 2, command: 4 };

/** What is written first: the signature, and that we speak 3.x. The rest goes by what the peer speaks. */
export const zmtpOpening = Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3);

/** Socket types of 2.0 by their number, and who may talk to whom. */
const types = ['PAIR', 'PUB', 'SUB', 'REQ', 'REP', 'DEALER', 'ROUTER', 'PULL', 'PUSH', 'XPUB', 'XSUB'];
const partners: Record<ZmtpSocketType, readonly string[]> = {
  SUB: ['PUB', 'XPUB'],
  DEALER: ['ROUTER', 'DEALER', 'REP'],
};

export interface Greeting {
  /** bytes of it */
  length: number;
  /** what we say next */
  answer: Uint8Array;
  /** A peer of 3.x says what it is in a READY command; one of 2.0 has said so, and messages may follow. */
  isReady: boolean;
}

/**
 * Reads what a peer begins with.
 *
 * @param bytes       all that came until now
 * @param routingId   by which a ROUTER is to know us; ASCII
 * @returns undefined: it is not all there yet
 * @throws {ZmtpError}
 */
export function readGreeting(
  bytes: Uint8Array,
  type: ZmtpSocketType,
  routingId: string,
): Greeting | undefined {
  const first = bytes[0];
  const last = bytes[signatureLength - 1];
  if ((first !== undefined && first !== 0xff) || (last !== undefined && (last & 1) === 0)) {
    throw new ZmtpError('something that is not ZeroMQ, or older than version 3 of it, listens there');
  }
  const version = bytes[signatureLength];
  if (version === undefined) return undefined;
  return version >= 3 ? readGreeting3(bytes, type, routingId) : readGreeting2(bytes, type, routingId);
}

function readGreeting3(bytes: Uint8Array, type: ZmtpSocketType, routingId: string): Greeting | undefined {
  if (bytes.length < greetingLength) return undefined;
  const name = decoder
    .decode(bytes.subarray(mechanism.at, mechanism.at + mechanism.length))
    .replace(/\0+$/, '');
  if (name !== 'NULL') throw new ZmtpError(`the peer wants the mechanism ${JSON.stringify(name)}`);
  // minor version, mechanism, as-server, filler
  const rest = new Uint8Array(greetingLength - zmtpOpening.length);
  rest.set(encoder.encode('NULL'), mechanism.at - zmtpOpening.length);
  rest[asServer - zmtpOpening.length] = 0;
  const ready = readyCommand(type, routingId);
  const answer = new Uint8Array(rest.length + ready.length);
  answer.set(rest);
  answer.set(ready, rest.length);
  return { length: greetingLength, answer, isReady: false };
}

/** Its socket type, and its identity as a frame. */
function readGreeting2(bytes: Uint8Array, type: ZmtpSocketType, routingId: string): Greeting | undefined {
  const typeAt = signatureLength + 1;
  const [number, flags, length] = bytes.subarray(typeAt, typeAt + 3);
  if (number === undefined || flags === undefined || length === undefined) return undefined;
  if (flags !== 0) throw new ZmtpError('the peer begins with an identity that is none');
  const end = typeAt + 3 + length;
  if (bytes.length < end) return undefined;
  checkPartner(type, types[number] ?? String(number));
  const id = encoder.encode(routingId);
  const answer = Uint8Array.of(types.indexOf(type), 0, id.length, ...id);
  return { length: end, answer, isReady: true };
}

/** READY, with the frame around it. */
function readyCommand(type: ZmtpSocketType, routingId: string): Uint8Array {
  const body = [
    ...shortText('READY'),
    ...property('Socket-Type', type),
    ...(routingId === '' ? [] : property('Identity', routingId)),
  ];
  return Uint8Array.of(frameFlags.command, body.length, ...body);
}

function shortText(text: string): number[] {
  const bytes = encoder.encode(text);
  return [bytes.length, ...bytes];
}

function property(name: string, value: string): number[] {
  const bytes = encoder.encode(value);
  return [...shortText(name), 0, 0, 0, bytes.length, ...bytes];
}

/**
 * Reads a command of the peer.
 *
 * @returns `ready`: messages may follow; else the command that answers it, or nothing
 * @throws {ZmtpError}
 */
export function readCommand(body: Uint8Array, type: ZmtpSocketType): 'ready' | Uint8Array | undefined {
  const [nameLength = 0] = body;
  const name = decoder.decode(body.subarray(1, 1 + nameLength));
  const data = body.subarray(1 + nameLength);
  if (name === 'READY') {
    checkPartner(type, readProperties(data).get('socket-type') ?? '');
    return 'ready';
  }
  if (name === 'ERROR') throw new ZmtpError(`the peer refuses: ${decoder.decode(data.subarray(1))}`);
  // Two bytes of time to live, and up to 16 that come back.
  if (name === 'PING') {
    const pong = [...shortText('PONG'), ...data.subarray(2, 18)];
    return Uint8Array.of(frameFlags.command, pong.length, ...pong);
  }
  return undefined;
}

/** Names are the same in upper and lower case. */
function readProperties(bytes: Uint8Array): Map<string, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const properties = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const nameEnd = at + 1 + (bytes[at] ?? 0);
    if (nameEnd + 4 > bytes.length) throw new ZmtpError('the peer sends a READY that is cut off');
    const end = nameEnd + 4 + view.getUint32(nameEnd);
    if (end > bytes.length) throw new ZmtpError('the peer sends a READY that is cut off');
    const name = decoder.decode(bytes.subarray(at + 1, nameEnd)).toLowerCase();
    properties.set(name, decoder.decode(bytes.subarray(nameEnd + 4, end)));
    at = end;
  }
  return properties;
}

function checkPartner(type: ZmtpSocketType, partner: string): void {
  if (!partners[type].includes(partner)) {
    throw new ZmtpError(`the peer is a ${partner || 'nameless'} socket, which does not go with ${type}`);
  }
}

/** A message that asks a publisher for everything. */
export const subscribeToAll: readonly Uint8Array[] = [Uint8Array.of(1)];

/** Longest header of a frame. */
const longHeader = 9;

/** Bytes that the frames of a message take on the wire. */
export function zmtpLength(frames: readonly Uint8Array[]): number {
  let length = 0;
  for (const frame of frames) length += headerLength(frame.length) + frame.length;
  return length;
}

function headerLength(frameLength: number): number {
  return frameLength < 256 ? 2 : longHeader;
}

/** The header of a frame of a message. */
export function zmtpFrameHeader(length: number, isLast: boolean): Uint8Array {
  const header = new Uint8Array(headerLength(length));
  const more = isLast ? 0 : frameFlags.more;
  if (header.length === 2) {
    header[0] = more;
    header[1] = length;
    return header;
  }
  header[0] = more | frameFlags.long;
  const view = new DataView(header.buffer);
  view.setUint32(1, Math.floor(length / 2 ** 32));
  view.setUint32(5, length % 2 ** 32);
  return header;
}
