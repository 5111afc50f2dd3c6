import { describe, expect, it } from 'vitest';

import { safeNext, withoutToken } from '../../../src/auth/next-url.js';

const origin = 'https://nb.example.org:8888';

/** Spellings that some parser or browser has once read as another site. */
const tricks = [
  'https://evil.org/',
  '//evil.org',
  '///evil.org',
  '////evil.org/x',
  '/\\evil.org',
  '\\\\evil.org',
  '\\/evil.org',
  '/\t/evil.org',
  '/\n//evil.org',
  '\t//evil.org',
  ' //evil.org',
  'https:evil.org',
  'https:/evil.org',
  'https:///evil.org',
  'https://nb.example.org:8888@evil.org/',
  'https://nb.example.org:8888.evil.org/',
  'https://nb.example.org/',
  'http://nb.example.org:8888/',
  'javascript:alert(1)',
  'data:text/html,x',
  '//evil.org/%2e%2e',
  '/x/..//evil.org',
  '/x/../..//evil.org/',
  './/evil.org',
  '/.//evil.org',
  '/%2e//evil.org',
  '/%2e%2e//evil.org',
  '//evil%00.org',
  'http:\\\\evil.org',
  'ftp://nb.example.org:8888/',
];

describe.each(['/', '/x/'])('safeNext with base_url %s', (base) => {
  it.each(tricks)('does not follow %j', (next) => {
    const target = safeNext(next, origin, base);
    // Whatever is sent must, for a browser that stands at the login page, stay here.
    const resolved = new URL(target, `${origin}${base}login`);
    expect(resolved.origin).toBe(origin);
    expect(resolved.pathname.startsWith(base)).toBe(true);
    expect(target.startsWith('//')).toBe(false);
  });

  it.each([undefined, null, 42, ['/x/tree'], {}, '', 'a'.repeat(5000)])('falls back for %j', (next) => {
    expect(safeNext(next, origin, base)).toBe(base);
  });

  it.each([
    [`${base}tree`, `${base}tree`],
    [`${base}tree?a=1&b=%2F#c`, `${base}tree?a=1&b=%2F#c`],
    [`${origin}${base}notebooks/a%20b.ipynb`, `${base}notebooks/a%20b.ipynb`],
    [`https://user:pw@nb.example.org:8888${base}tree`, `${base}tree`],
    [`${base}notebooks/ünï.ipynb`, `${base}notebooks/%C3%BCn%C3%AF.ipynb`],
    [`${base}a/../tree`, `${base}tree`],
    [`${base}tree?token=abc&a=1#c`, `${base}tree?a=1#c`],
    [base, base],
    [`${base}login`, base],
    [`${base}logout?next=x`, base],
  ])('leads %j to %j', (next, target) => {
    expect(safeNext(next, origin, base)).toBe(target);
  });
});

describe('safeNext with a prefix', () => {
  it.each(['/', '/y/', '/xy/', '/x', '/x/../y', '/x/..', '../y', '/X/tree'])('keeps out of %j', (next) => {
    expect(safeNext(next, origin, '/x/')).toBe('/x/');
  });
});

describe('withoutToken', () => {
  it.each([
    ['/tree?token=abc', '/tree'],
    ['/tree?token=abc&a=%20b', '/tree?a=%20b'],
    ['/tree?a=1&token=abc&b', '/tree?a=1&b'],
    ['/tree?tok%65n=abc', '/tree'],
    ['/tree?token', '/tree'],
    ['/tree?mytoken=1', '/tree?mytoken=1'],
    ['/tree?token=a&token=b', '/tree'],
    ['/tree', '/tree'],
  ])('%s → %s', (target, clean) => {
    expect(withoutToken(target)).toBe(clean);
  });
});
