/** Joins neighbouring texts of one stream of one cell: each message carries some 500 bytes of headers for a few letters. */
import { parseObject, streamContent } from '../protocol/kernel-messages.js';
import type { StreamContent } from '../protocol/kernel-messages.js';
import type { ChannelMessage } from '../protocol/websocket-frame.js';
import { OutgoingMessage } from './outgoing-message.js';

/** Bytes of a message from which on joining it to others gains nothing: it is not even looked at. */
const longEnough = 16 * 1024;
/** Bytes of one merged message. */
const longestMerged = 256 * 1024;

interface Run {
  messages: OutgoingMessage[];
  parts: ChannelMessage;
  name: StreamContent['name'];
  texts: string[];
  length: number;
}

/**
 * Everything else stays where it is; no text moves past another message, and messages of which one cannot be read stay
 * apart. A merged message has header and number of the last one in it.
 */
export function mergeStreams(messages: readonly OutgoingMessage[]): OutgoingMessage[] {
  const merged: OutgoingMessage[] = [];
  let run: Run | undefined;
  const end = () => {
    if (run) merged.push(close(run));
    run = undefined;
  };
  for (const message of messages) {
    if (!message.isStream || message.length >= longEnough) {
      end();
      merged.push(message);
      continue;
    }
    const { parts } = message;
    const content = streamContent(parseObject(parts.content));
    if (!content) {
      end();
      merged.push(message);
    } else if (run && content.name === run.name && fits(run, message, parts)) {
      run.messages.push(message);
      run.parts = parts;
      run.texts.push(content.text);
      run.length += parts.content.length;
    } else {
      end();
      run = {
        messages: [message],
        parts,
        name: content.name,
        texts: [content.text],
        length: parts.content.length,
      };
    }
  }
  end();
  return merged;
}

function fits(run: Run, { length }: OutgoingMessage, parts: ChannelMessage): boolean {
  return (
    run.length + length <= longestMerged &&
    parts.buffers.length === 0 &&
    run.parts.buffers.length === 0 &&
    Buffer.compare(parts.parentHeader, run.parts.parentHeader) === 0 &&
    Buffer.compare(parts.metadata, run.parts.metadata) === 0
  );
}

function close({ messages, parts, name, texts }: Run): OutgoingMessage {
  const last = messages.at(-1);
  if (!last || messages.length === 1) return last as OutgoingMessage;
  const { header, parentHeader, metadata } = parts;
  const message = new OutgoingMessage(
    'iopub',
    {
      identities: [],
      header: Buffer.from(header),
      parentHeader: Buffer.from(parentHeader),
      metadata: Buffer.from(metadata),
      content: Buffer.from(JSON.stringify({ name, text: texts.join('') })),
      buffers: [],
    },
    { msg_type: last.type },
  );
  message.sequence = last.sequence;
  message.standAlone();
  return message;
}
