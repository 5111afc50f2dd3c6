import { describe, expect, it } from 'vitest';
import { createRing, RingReader, RingWriter } from '../../../src/javascript-kernel/text-ring.js';

function ring() {
  const memory = createRing();
  const wakes: boolean[] = [];
  const reader = new RingReader(memory);
  return { writer: new RingWriter(memory, (now) => wakes.push(now)), reader, wakes };
}

describe('the ring of printed text', () => {
  it('merges neighbours of one cell and stream, and keeps the order', () => {
    const { writer, reader } = ring();
    writer.write(1, 'stdout', 'a');
    writer.write(1, 'stdout', 'ä😀');
    writer.write(1, 'stderr', 'b');
    writer.write(2, 'stderr', 'c');
    expect(reader.drain()).toEqual([
      { cell: 1, name: 'stdout', text: 'aä😀' },
      { cell: 1, name: 'stderr', text: 'b' },
      { cell: 2, name: 'stderr', text: 'c' },
    ]);
    expect(reader.drain()).toEqual([]);
  });

  it('drains to a position and no further', () => {
    const { writer, reader } = ring();
    writer.write(1, 'stdout', 'before');
    const { position } = writer;
    writer.write(1, 'stdout', 'after');
    expect(reader.drain(position).map((run) => run.text)).toEqual(['before']);
    expect(reader.drain().map((run) => run.text)).toEqual(['after']);
  });

  it('wakes the reader once for each time that it drained', () => {
    const { writer, reader, wakes } = ring();
    writer.write(1, 'stdout', 'a');
    writer.write(1, 'stdout', 'b');
    expect(wakes).toEqual([false]);
    reader.drain();
    writer.write(1, 'stdout', 'c');
    expect(wakes).toEqual([false, false]);
  });

  it('asks for haste when it fills up', () => {
    const { writer, wakes } = ring();
    for (let i = 0; i < 10; i++) writer.write(1, 'stdout', 'x'.repeat(50_000));
    expect(wakes).toEqual([false, true]);
  });

  it('carries many times its own size, whatever the pieces', () => {
    const { writer, reader } = ring();
    let sent = '';
    let received = '';
    for (let i = 0; i < 300; i++) {
      const text = `${i}${'ü😀x'.repeat((i * 97) % 5000)}\n`;
      writer.write(1, 'stdout', text);
      sent += text;
      if (i % 7 === 0) for (const run of reader.drain()) received += run.text;
    }
    for (const run of reader.drain()) received += run.text;
    expect(received).toBe(sent);
  });

  it('cuts a long text between characters only', () => {
    const { writer, reader } = ring();
    const text = `a${'😀'.repeat(60_000)}`;
    writer.write(1, 'stdout', text);
    expect(reader.drain()).toEqual([{ cell: 1, name: 'stdout', text }]);
  });
});
