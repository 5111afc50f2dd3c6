import { describe, expect, it } from 'vitest';
import { ClientQueue } from '../../../src/kernels/client-queue.js';
import { makeMessage } from '../../../src/kernels/message-factory.js';
import { OutgoingMessage } from '../../../src/kernels/outgoing-message.js';
import type { KernelChannel } from '../../../src/protocol/wire-frames.js';

function message(type: string, size: number, channel: KernelChannel = 'iopub'): OutgoingMessage {
  const made = makeMessage('session', type, { content: { name: 'stdout', text: 'x'.repeat(size) } });
  return new OutgoingMessage(channel, made.message, made.header);
}
const all = (queue: ClientQueue) => {
  const types: string[] = [];
  for (let one = queue.shift(); one; one = queue.shift()) types.push(one.header.msg_type);
  return types;
};

describe('ClientQueue', () => {
  it('gives messages in their order and counts bytes', () => {
    const queue = new ClientQueue({ streams: 10_000, all: 20_000 });
    const messages = Array.from({ length: 5 }, () => message('stream', 10));
    for (const one of messages) queue.push(one);
    expect(queue.count).toBe(5);
    expect(queue.length).toBe(messages.reduce((sum, { length }) => sum + length, 0));
    expect(messages.map(() => queue.shift())).toEqual(messages);
    expect(queue).toMatchObject({ isEmpty: true, length: 0, count: 0 });
  });

  it('keeps its order over many more messages than it holds at once', () => {
    const queue = new ClientQueue({ streams: 1e9, all: 1e9 });
    const ids: string[] = [];
    const got: string[] = [];
    for (let i = 0; i < 5000; i++) {
      const one = message('stream', 1);
      ids.push(one.header.msg_id);
      queue.push(one);
      if (i % 3 !== 0) got.push(queue.shift()?.header.msg_id ?? '');
    }
    while (!queue.isEmpty) got.push(queue.shift()?.header.msg_id ?? '');
    expect(got).toEqual(ids);
  });

  it('leaves out streams over the soft bound, with one notice, and keeps everything else', () => {
    const queue = new ClientQueue({ streams: 3000, all: 100_000 });
    for (let i = 0; i < 20; i++) expect(queue.push(message('stream', 500))).toBe(true);
    queue.push(message('display_data', 500));
    queue.push(message('execute_reply', 500, 'shell'));
    queue.push(message('status', 10));
    const types = all(queue);
    expect(types.slice(-4)).toEqual(['stream', 'display_data', 'execute_reply', 'status']);
    expect(types.length).toBeLessThan(12);
  });

  it('says again that something is missing when more is left out later', () => {
    const queue = new ClientQueue({ streams: 1500, all: 100_000 });
    for (let i = 0; i < 9; i++) queue.push(message('stream', 500));
    queue.push(message('display_data', 10));
    for (let i = 0; i < 9; i++) queue.push(message('stream', 500));
    const texts: string[] = [];
    for (let one = queue.shift(); one; one = queue.shift()) texts.push(one.message.content.toString());
    expect(texts.filter((text) => text.includes('not shown here'))).toHaveLength(2);
  });

  it('is given up over the hard bound, but lets one big message pass', () => {
    const queue = new ClientQueue({ streams: 100, all: 5000 });
    expect(queue.push(message('display_data', 100_000))).toBe(true);
    expect(queue.push(message('display_data', 10))).toBe(false);
  });
});
