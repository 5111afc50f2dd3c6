import { describe, expect, it } from 'vitest';
import { makeMessage } from '../../../src/kernels/message-factory.js';
import { OutgoingMessage } from '../../../src/kernels/outgoing-message.js';
import { ReplayBudget, ReplayJournal } from '../../../src/kernels/replay-journal.js';
import type { KernelChannel } from '../../../src/protocol/wire-frames.js';

function message(type = 'stream', channel: KernelChannel = 'iopub', size = 10, recipient?: string) {
  const made = makeMessage('session', type, { content: { text: 'x'.repeat(size) } });
  const outgoing = new OutgoingMessage(channel, made.message, made.header);
  outgoing.recipient = recipient;
  return outgoing;
}
const everything = (_message: OutgoingMessage) => false;
function read(journal: ReplayJournal, after: number, session = 'me', skips = everything): OutgoingMessage[] {
  const messages: OutgoingMessage[] = [];
  let at = after;
  for (let one = journal.next(at, session, skips); one; one = journal.next(at, session, skips)) {
    messages.push(one);
    at = one.sequence;
  }
  return messages;
}
const journalOf = (bound: number, budget = new ReplayBudget(1e9)) => new ReplayJournal(budget, bound);

describe('ReplayJournal', () => {
  it('numbers messages one after the other, and gives those after a number', () => {
    const journal = journalOf(1e6);
    const start = journal.newest;
    const sent = Array.from({ length: 10 }, () => message());
    for (const one of sent) journal.add(one);
    expect(sent.map(({ sequence }) => sequence - start)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(read(journal, start + 4)).toEqual(sent.slice(4));
    expect(read(journal, journal.newest)).toEqual([]);
    expect(journal.missedAfter(start)).toBe(0);
  });

  it('knows how many bytes it keeps after a number', () => {
    const journal = journalOf(100_000);
    const start = journal.newest;
    for (let i = 0; i < 100; i++) journal.add(message('stream', 'iopub', 2000));
    const [newest] = read(journal, journal.newest - 1);
    const each = newest?.length ?? 0;
    expect(each).toBeGreaterThan(2000);
    for (const back of [0, 1, 7]) expect(journal.lengthAfter(journal.newest - back)).toBe(back * each);
    // What is gone is not waited for.
    expect(journal.lengthAfter(start)).toBe(journal.length);
  });

  it('gives replies to their session alone, and leaves out what is not to be repeated', () => {
    const journal = journalOf(1e6);
    const start = journal.newest;
    const [mine, yours, ours] = [
      message('execute_reply', 'shell', 1, 'me'),
      message('execute_reply', 'shell', 1, 'you'),
      message(),
    ];
    for (const one of [mine, yours, ours]) journal.add(one);
    expect(read(journal, start)).toEqual([mine, ours]);
    expect(read(journal, start, 'you')).toEqual([yours, ours]);
    expect(read(journal, start, 'me', (one) => one === ours)).toEqual([mine]);
  });

  it('lets go of the oldest over its bound, says how many, and keeps replies and statuses longer', () => {
    const journal = journalOf(200_000);
    const start = journal.newest;
    const first = [message('status'), message('execute_reply', 'shell', 1, 'me'), message('status')];
    for (const one of first) journal.add(one);
    const streams = Array.from({ length: 300 }, () => message('stream', 'iopub', 1000));
    for (const one of streams) journal.add(one);
    expect(journal.length).toBeLessThanOrEqual(200_000);
    const kept = read(journal, start);
    expect(kept.slice(0, 3)).toEqual(first);
    expect(kept.at(-1)).toBe(streams.at(-1));
    expect(kept.length + journal.missedAfter(start)).toBe(303);
    expect(kept.length).toBeLessThan(200);
  });

  it('keeps the newest message however big it is', () => {
    const journal = journalOf(1000);
    const start = journal.newest;
    journal.add(message());
    const big = message('display_data', 'iopub', 100_000);
    journal.add(big);
    expect(read(journal, start)).toEqual([big]);
  });

  it('stays under the bound of all journals together, at the cost of the biggest', () => {
    const budget = new ReplayBudget(100_000);
    const [big, small] = [journalOf(1e6, budget), journalOf(1e6, budget)];
    const start = small.newest;
    for (let i = 0; i < 5; i++) small.add(message('stream', 'iopub', 1000));
    for (let i = 0; i < 500; i++) big.add(message('stream', 'iopub', 1000));
    expect(budget.used).toBeLessThanOrEqual(100_000);
    expect(budget.used).toBe(big.length + small.length);
    expect(read(small, start)).toHaveLength(5);
    big.close();
    expect(budget.used).toBe(small.length);
  });

  it('begins with numbers that no earlier journal had', async () => {
    const journal = journalOf(1e6);
    for (let i = 0; i < 100; i++) journal.add(message());
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect(journalOf(1e6).first).toBeGreaterThan(journal.newest);
  });
});
