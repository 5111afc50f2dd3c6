import { describe, expect, it } from 'vitest';
import { endOfStream } from '../../../src/documents/long-stream.js';
import { Random } from '../notebook/random-operations.js';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
/** As Python's json.dumps with its defaults. */
const ascii = (text: string) =>
  Buffer.from(
    `{"name": "stdout", "text": ${JSON.stringify(text).replace(
      /[\u0080-\uffff]/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )}}`,
  );

describe('endOfStream', () => {
  it('has the end of the text, and counts what stands before it', () => {
    const random = new Random(7);
    const parts = ['plain ', '\n', '\\', '\\n', '"', 'é', '汉', '🙂', '\t', '\u001b[0m', '\n\n', '\r'];
    let read = 0;
    for (let round = 0; round < 300; round += 1) {
      const text = Array.from({ length: 400 }, () => random.pick(parts)).join('');
      for (const content of [json({ name: 'stderr', text }), ascii(text)]) {
        const end = endOfStream(content, 50);
        // Where the last line is short or long, it is parsed as a whole.
        if (end === undefined) continue;
        read += 1;
        expect(end.text.length).toBeGreaterThanOrEqual(50);
        expect(text.endsWith(end.text)).toBe(true);
        expect(end.left + end.text.length).toBe(text.length);
      }
    }
    expect(read).toBeGreaterThan(300);
  });

  const long = 'line\n'.repeat(1_000);
  it.each<[string, Buffer]>([
    ['a short text', json({ name: 'stdout', text: 'line\n' })],
    ['a text of one line', json({ name: 'stdout', text: 'x'.repeat(10_000) })],
    ['other names in front', json({ text: long, name: 'stdout' })],
    ['other names behind', json({ name: 'stdout', text: long, more: '' })],
    ['another stream', json({ name: 'stdlog', text: long })],
    ['no JSON', Buffer.from(`{"name": "stdout", "text": "${'line\\n'.repeat(1_000)}`)],
    [
      'a text that ends before its message',
      Buffer.from(`{"name":"stdout","text":"${'l\\n'.repeat(999)}","a":"b"}`),
    ],
  ])('leaves %s to who parses it', (_, content) => {
    expect(endOfStream(content, 50)).toBeUndefined();
  });
});
