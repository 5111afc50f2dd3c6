import { describe, expect, it } from 'vitest';
import { ClientQueue } from '../../../src/kernels/client-queue.js';
import { makeMessage } from '../../../src/kernels/message-factory.js';
import { OutgoingMessage } from '../../../src/kernels/outgoing-message.js';
import type { KernelChannel } from '../../../src/protocol/wire-frames.js';

const cell = { msg_id: 'cell' };
function message(type: string, text: string, channel: KernelChannel = 'iopub', parentHeader = cell) {
  const made = makeMessage('session', type, { content: { name: 'stdout', text }, parentHeader });
  return new OutgoingMessage(channel, made.message, made.header);
}
const queueOf = (streams: number, all: number) => new ClientQueue('session', { streams, all });
const contentOf = ({ parts }: OutgoingMessage) =>
  JSON.parse(Buffer.from(parts.content).toString()) as { name: string; text: string };
const all = (queue: ClientQueue) => {
  const messages: OutgoingMessage[] = [];
  for (let one = queue.shift(); one; one = queue.shift()) messages.push(one);
  return messages;
};
const numbered = (count: number, type = 'stream', size = 10) =>
  Array.from({ length: count }, (_, i) => message(type, `${i} `.padEnd(size, '.')));

describe('ClientQueue', () => {
  it('gives messages as they are, in their order, and counts bytes', () => {
    const queue = queueOf(100_000, 200_000);
    const messages = numbered(5);
    for (const one of messages) queue.push(one);
    expect(queue.length).toBe(messages.reduce((sum, { length }) => sum + length, 0));
    expect(all(queue)).toEqual(messages);
    expect(queue).toMatchObject({ isEmpty: true, length: 0 });
  });

  it('keeps its order over many more messages than it holds at once', () => {
    const queue = queueOf(1e9, 1e9);
    const sent = numbered(5000);
    const got: (OutgoingMessage | undefined)[] = [];
    sent.forEach((one, i) => {
      queue.push(one);
      if (i % 3 !== 0) got.push(queue.shift());
    });
    expect([...got, ...all(queue)]).toEqual(sent);
  });

  it('joins the texts of neighbouring streams of a cell when many wait, and loses no letter', () => {
    const queue = queueOf(400_000, 1e6);
    const sent = numbered(1000);
    const expected = sent.map((one) => contentOf(one).text).join('');
    for (const one of sent) queue.push(one);
    const got = all(queue);
    expect(got.length).toBeLessThan(400);
    expect(got.map((one) => contentOf(one).text).join('')).toBe(expected);
  });

  it('does not even read texts that are long enough', () => {
    const queue = queueOf(200_000, 1e6);
    const sent = Array.from({ length: 6 }, (_, i) => message('stream', String(i).repeat(20_000)));
    for (const one of sent) queue.push(one);
    expect(all(queue)).toEqual(sent);
  });

  it('joins nothing over another message, stream or cell', () => {
    const queue = queueOf(10_000, 1e6);
    const other = { msg_id: 'other' };
    const filler = () => [message('stream', 'a'), message('stream', 'b')];
    const sent = [
      ...filler(),
      message('display_data', 'x'),
      ...filler(),
      message('stream', 'c', 'iopub', other),
      message('execute_reply', 'y', 'shell'),
      message('stream', 'd', 'iopub', other),
    ];
    for (const one of sent) queue.push(one);
    // The last one makes them many.
    queue.push(message('stream', 'z'.repeat(2000), 'iopub', other));
    expect(all(queue).map((one) => [one.type, contentOf(one).text.slice(0, 2)])).toEqual([
      ['stream', 'ab'],
      ['display_data', 'x'],
      ['stream', 'ab'],
      ['stream', 'c'],
      ['execute_reply', 'y'],
      ['stream', 'dz'],
    ]);
  });

  it('leaves out the oldest streams over the soft bound, with one notice in their place, and nothing else', () => {
    const queue = queueOf(20_000, 1e6);
    const sent = numbered(200, 'stream', 1000);
    sent.splice(50, 0, message('display_data', 'kept'));
    sent.push(message('execute_reply', 'ok', 'shell'), message('status', 'idle'));
    for (const one of sent) expect(queue.push(one)).toBe(true);
    expect(queue.length).toBeLessThan(30_000);
    const got = all(queue);
    const notices = got.filter((one) => contentOf(one).text.includes('left out here'));
    expect(notices).toHaveLength(1);
    expect(contentOf(got[0] as OutgoingMessage)).toMatchObject({ name: 'stderr' });
    expect(contentOf(got[0] as OutgoingMessage).text).toMatch(/2\d\d kB of output are left out/);
    expect(JSON.parse(Buffer.from(got[0]?.parts.parentHeader ?? []).toString())).toEqual(cell);
    expect(got.map(({ type }) => type)).toContain('display_data');
    expect(got.slice(-2).map(({ type }) => type)).toEqual(['execute_reply', 'status']);
    // The newest text is there.
    expect(contentOf(got.at(-3) as OutgoingMessage).text).toContain('199 ');
  });

  it('says it once for each cell', () => {
    const queue = queueOf(20_000, 1e6);
    for (const name of ['one', 'two'])
      for (let i = 0; i < 100; i++)
        queue.push(message('stream', '.'.repeat(1000), 'iopub', { msg_id: name }));
    const notices = all(queue).filter((one) => contentOf(one).text.includes('left out here'));
    expect(
      notices.map((one) => JSON.parse(Buffer.from(one.parts.parentHeader).toString()) as object),
    ).toEqual([{ msg_id: 'one' }, { msg_id: 'two' }]);
  });

  it('is given up over the hard bound, but lets one big message pass', () => {
    const queue = queueOf(100, 5000);
    expect(queue.push(message('display_data', 'x'.repeat(100_000)))).toBe(true);
    expect(queue.push(message('display_data', 'x'))).toBe(false);
  });
});
