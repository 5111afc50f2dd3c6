/**
 * Splits and joins the ZeroMQ multipart messages of Jupyter without parsing their JSON.
 *
 * The bridge forwards most messages untouched, so the four JSON parts stay as bytes until someone asks (Jupyter
 * messaging 5.4, "The wire protocol"). Signatures are made and checked in `wire-signature.ts`.
 */

/** The channels of a kernel that carry messages (the heartbeat echoes bytes and is no message). */
export type KernelChannel = 'shell' | 'control' | 'stdin' | 'iopub';

/** One Jupyter message as the bytes that were received or will be sent. */
export interface WireMessage {
  /** routing prefix; on iopub the topic, for example `kernel.<id>.status` or `stream.stdout` */
  identities: Buffer[];
  /** UTF-8 JSON, see `MessageHeader` in kernel-messages.ts */
  header: Buffer;
  /** UTF-8 JSON: the header of the message this one answers, or `{}` */
  parentHeader: Buffer;
  metadata: Buffer;
  content: Buffer;
  /** raw binary parts; not covered by the signature */
  buffers: Buffer[];
}

/** A message that breaks the wire format. Its text goes to the log, never to a client. */
export class WireError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WireError';
  }
}

/** What stands between the identities and the signature. */
const delimiter = new TextEncoder().encode('<IDS|MSG>');

/**
 * Takes a multipart message apart: identities…, `<IDS|MSG>`, signature, header, parent_header, metadata, content, buffers….
 *
 * @throws {WireError} when the delimiter is missing or fewer than five parts follow it
 */
export function splitFrames(frames: readonly Buffer[]): { message: WireMessage; signature: Buffer } {
  // Runs for every message: no helper arrays but those of the result.
  let at = 0;
  while (at < frames.length && !isDelimiter(frames[at])) at += 1;
  if (at === frames.length) throw new WireError('a message without the <IDS|MSG> delimiter');
  const signature = frames[at + 1];
  const header = frames[at + 2];
  const parentHeader = frames[at + 3];
  const metadata = frames[at + 4];
  const content = frames[at + 5];
  if (!signature || !header || !parentHeader || !metadata || !content) {
    throw new WireError(
      `a message with ${frames.length - at - 1} parts after the delimiter, at least 5 are needed`,
    );
  }
  const identities = frames.slice(0, at);
  const buffers = frames.slice(at + 6);
  return { message: { identities, header, parentHeader, metadata, content, buffers }, signature };
}

/** Puts a message together for the wire; the opposite of `splitFrames`. */
export function joinFrames(message: WireMessage, signature: Uint8Array): Uint8Array[] {
  const { identities, header, parentHeader, metadata, content, buffers } = message;
  return [...identities, delimiter, signature, header, parentHeader, metadata, content, ...buffers];
}

/** Bytes of a message, as queues count them. */
export function wireLength(message: WireMessage): number {
  const { header, parentHeader, metadata, content, buffers } = message;
  let length = header.length + parentHeader.length + metadata.length + content.length;
  for (const buffer of buffers) length += buffer.length;
  return length;
}

function isDelimiter(frame: Uint8Array | undefined): boolean {
  if (frame?.length !== delimiter.length) return false;
  for (let i = 0; i < delimiter.length; i++) if (frame[i] !== delimiter[i]) return false;
  return true;
}
