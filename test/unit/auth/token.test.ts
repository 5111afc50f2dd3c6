import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { presentedTokens } from '../../../src/auth/token.js';

const presented = (authorization?: string, url = '/') =>
  presentedTokens({ url, headers: { authorization } } as IncomingMessage);

describe('presentedTokens', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['token', []],
    ['token   ', []],
    ['token abc', ['abc']],
    ['Bearer abc', ['abc']],
    ['bEARER \t abc  ', ['abc']],
    ['token a b', ['a b']],
    ['tokenabc', []],
    [' token abc', []],
    ['Basic abc', []],
  ])('finds in %j: %j', (header, tokens) => expect(presented(header)).toEqual(tokens));

  it('finds those of the address first', () =>
    expect(presented('token c', '/x?token=a&b=1&token=b')).toEqual(['a', 'b', 'c']));

  // A pattern that starts anew at each space needs hours for this.
  it('reads a long header once', () => {
    const long = `a${' '.repeat(5_000_000)}b`;
    expect(presented(`token ${long}`)).toEqual([long]);
  });
});
