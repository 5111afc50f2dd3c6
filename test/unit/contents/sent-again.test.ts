import { describe, expect, it } from 'vitest';
import { SentAgain } from '../../../src/contents/sent-again.js';

const text = (size: number): Uint8Array => new Uint8Array(size);
const MB = 1 << 20;

describe('texts of notebooks that were sent', () => {
  it('are kept from the second time on, until the file or what is trusted changes', () => {
    const sent = new SentAgain({ largest: 4 << 20, most: 16 << 20 });
    expect(sent.isWanted('a', 's1', 10)).toBe(false);
    expect(sent.isWanted('a', 's1', 10)).toBe(true);
    sent.keep('a', 's1', text(10), 'message');
    expect(sent.find('a', 's1')).toEqual({ text: text(10), message: 'message' });
    expect(sent.find('a', 's2')).toBeUndefined();
    expect(sent.isWanted('a', 's2', 10)).toBe(false);
    expect(sent.find('a', 's1')).toBeUndefined();
  });

  it('are never large, and few', () => {
    const sent = new SentAgain({ largest: 4 << 20, most: 16 << 20 });
    for (let i = 0; i < 2; i++) expect(sent.isWanted('large', 's', 5 * MB)).toBe(false);
    sent.keep('large', 's', text(5 * MB), undefined);
    expect(sent.find('large', 's')).toBeUndefined();
    for (let i = 0; i < 8; i++) {
      sent.keep(`n${i}`, 's', text(4 * MB), undefined);
      sent.find('n0', 's');
    }
    const kept = ['n0', 'n1', 'n4', 'n5', 'n6', 'n7'].filter((path) => sent.find(path, 's') !== undefined);
    expect(kept).toEqual(['n0', 'n5', 'n6', 'n7']);
  });
});
