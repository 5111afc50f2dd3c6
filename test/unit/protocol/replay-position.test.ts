import { describe, expect, it } from 'vitest';
import { ReplayPosition, replayMessageType } from '../../../src/protocol/replay-position.js';

describe('ReplayPosition', () => {
  const nothing = () => undefined;

  it('knows nothing before it is told, and counts from there', () => {
    const position = new ReplayPosition();
    position.count('stream', nothing);
    expect(position.after).toBe('');
    position.count(replayMessageType, () => ({ sequence: 41, missed: 0 }));
    position.count('stream', nothing);
    expect(position.after).toBe('42');
  });

  it.each([
    [0, undefined],
    [3, { missed: 3 }],
    [null, { missed: null }],
  ])('with missed %j says %j', (missed, expected) => {
    const position = new ReplayPosition();
    expect(position.count(replayMessageType, () => ({ sequence: 7, missed }))).toEqual(expected);
    expect(position.after).toBe('7');
  });

  it('takes no number from a message without one', () => {
    const position = new ReplayPosition();
    expect(position.count(replayMessageType, () => ({}))).toBeUndefined();
    expect(position.after).toBe('');
  });
});
