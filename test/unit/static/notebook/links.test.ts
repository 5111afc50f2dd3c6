import { afterAll, describe, expect, it, vi } from 'vitest';

// A page's data is read once, so this file has modules of its own.
vi.resetModules();
vi.stubGlobal('document', { getElementById: () => ({ textContent: '{"base_url": "/x/"}' }) });
const { resolveAddress } = await import('../../../../static/notebook/rich/links.js');
afterAll(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const NOTEBOOK = 'my dir/50%20.ipynb';

describe('an address in a notebook', () => {
  it.each([
    ['a.png', '/x/files/my%20dir/a.png'],
    ['./a%20b.png?size=2', '/x/files/my%20dir/a%20b.png'],
    ['../a.png', '/x/files/a.png'],
    ['/data/a.png', '/x/files/data/a.png'],
    ['100%.png', '/x/files/my%20dir/100%25.png'],
    ['/x/files/data/a.png', '/x/files/data/a.png'],
    ['data:image/png;base64,AA', 'data:image/png;base64,AA'],
    ['https://example.org/a.png', 'https://example.org/a.png'],
    ['attachment:a.png', undefined],
    ['javascript:alert(1)', undefined],
  ])('as a picture: %s is %s', (address, expected) => {
    expect(resolveAddress(address, NOTEBOOK, 'media')).toBe(expected);
  });

  it.each([
    ['#part', '#part'],
    ['b.ipynb#part', '/x/notebooks/my%20dir/b.ipynb#part'],
    ['a.csv', '/x/files/my%20dir/a.csv'],
    ['/x/files/a.ipynb?download=1', '/x/files/a.ipynb?download=1'],
    ['mailto:a@example.org', 'mailto:a@example.org'],
    ['data:text/html,x', undefined],
  ])('as a link: %s is %s', (address, expected) => {
    expect(resolveAddress(address, NOTEBOOK, 'link')).toBe(expected);
  });

  it('keeps what looks encoded in the name of the directory', () => {
    expect(resolveAddress('a.png', '50%25/b.ipynb', 'media')).toBe('/x/files/50%2525/a.png');
  });

  it.each([
    '/x/files/../logout',
    '/x/files/%2e%2e/logout',
    '/x/files/a/..%2f..%2f..%2flogout',
    '%2e%2e/%2e%2e/%2E./logout',
    '..%2f..%2flogout',
    '/x/files/.%09./logout',
    '/x/files/..\\..\\logout',
    '/%5c..%5c..%5clogout',
    '/\t/example.org/logout',
    '/\\example.org/logout',
  ])('never leads out of the files: %s', (address) => {
    for (const kind of ['media', 'link'] as const) {
      const resolved = resolveAddress(address, NOTEBOOK, kind) ?? '';
      expect(new URL(resolved, 'http://here/x/notebooks/').href).toMatch(/^http:\/\/here\/x\/files\/./);
    }
  });
});
