import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Item, Kind } from '../../../../static/tree/items.js';

// A page's data is read once, so this file has modules of its own.
vi.resetModules();
const { filterItems, freeName, linkOf, nameProblem, sortItems, stemLength } =
  await import('../../../../static/tree/items.js');

beforeAll(() => {
  const data = JSON.stringify({
    base_url: '/x/',
    static_url: '/x/static/',
    version: '1',
    xsrf_cookie: '_xsrf',
  });
  vi.stubGlobal('document', { getElementById: () => ({ textContent: data }) });
});
afterAll(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const item = (name: string, kind: Kind = 'file', modified = 0, size: number | null = 0): Item => ({
  name,
  path: name,
  kind,
  modified,
  size,
  writable: true,
  mimetype: null,
});
const names = (items: readonly Item[]) => items.map((each) => each.name);

describe('sortItems', () => {
  const all = [
    item('b.txt'),
    item('file10.txt'),
    item('file2.txt'),
    item('A.ipynb', 'notebook'),
    item('zoo', 'directory', 0, null),
    item('Apple', 'directory', 0, null),
  ];

  it('by name: folders, notebooks, files; any case; numbers by their value', () => {
    expect(names(sortItems(all, { by: 'name', descending: false }))).toEqual([
      'Apple',
      'zoo',
      'A.ipynb',
      'b.txt',
      'file2.txt',
      'file10.txt',
    ]);
  });

  it('by name descending keeps folders first', () => {
    expect(names(sortItems(all, { by: 'name', descending: true }))).toEqual([
      'zoo',
      'Apple',
      'A.ipynb',
      'file10.txt',
      'file2.txt',
      'b.txt',
    ]);
  });

  it('by date and by size over all kinds, with the name where they are equal', () => {
    const some = [
      item('old', 'file', 1, 5),
      item('new', 'directory', 3, null),
      item('b', 'file', 2, 9),
      item('a', 'file', 2, 9),
    ];
    expect(names(sortItems(some, { by: 'modified', descending: true }))).toEqual(['new', 'b', 'a', 'old']);
    expect(names(sortItems(some, { by: 'size', descending: false }))).toEqual(['new', 'old', 'a', 'b']);
  });

  it('does not change its input', () => {
    const before = names(all);
    sortItems(all, { by: 'name', descending: false });
    expect(names(all)).toEqual(before);
  });
});

describe('filterItems', () => {
  const all = [item('Report 2024.ipynb'), item('report.csv'), item('notes')];
  it.each([
    ['', ['Report 2024.ipynb', 'report.csv', 'notes']],
    ['REPORT', ['Report 2024.ipynb', 'report.csv']],
    ['24 rep', ['Report 2024.ipynb']],
    ['zzz', []],
  ])('"%s"', (filter, expected) => {
    expect(names(filterItems(all, filter))).toEqual(expected);
  });
});

describe('linkOf', () => {
  it.each<[Kind, string, string | null, string, string | undefined]>([
    ['directory', 'a b', null, '/x/tree/a%20b', undefined],
    ['notebook', 'n.ipynb', null, '/x/notebooks/n.ipynb', '_blank'],
    ['file', 'p.html', 'text/html', '/x/view/p.html', '_blank'],
    ['file', 'p.png', 'image/png', '/x/view/p.png', '_blank'],
    ['file', 'p.pdf', 'application/pdf', '/x/files/p.pdf', '_blank'],
    ['file', 'p.txt', 'text/plain', '/x/edit/p.txt', '_blank'],
    ['file', 'javascript:alert(1)', null, '/x/edit/javascript%3Aalert(1)', '_blank'],
  ])('%s %s', (kind, path, mimetype, href, target) => {
    expect(linkOf({ kind, path, mimetype })).toEqual(target === undefined ? { href } : { href, target });
  });
});

describe('names', () => {
  it.each(['', '  ', '.', '..', '.hidden', 'a/b', 'a\0b'])('refuses %j with a sentence', (name) => {
    expect(nameProblem(name)).toMatch(/[.;]/);
  });
  it.each(['a', 'ü b.txt', '<img src=x>', 'javascript:alert(1)', 'a..b'])('accepts %j', (name) => {
    expect(nameProblem(name)).toBeUndefined();
  });
  it('selects the stem', () => {
    expect('a.tar.gz'.slice(0, stemLength('a.tar.gz'))).toBe('a.tar');
    expect(stemLength('README')).toBe(6);
  });
  it('finds a free name', () => {
    const taken = new Set(['a.txt', 'a-1.txt']);
    expect(freeName('a.txt', (name) => taken.has(name))).toBe('a-2.txt');
  });
});
