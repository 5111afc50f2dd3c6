import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryTexts } from '../../../src/contents/directory-content.js';
import type { Entry } from '../../../src/contents/index.js';
import { bareModel } from '../../../src/contents/models.js';

const entry = (name: string, more: Partial<Entry> = {}): Entry => ({
  name,
  kind: 'file',
  size: 7,
  modified: new Date(1_700_000_000_123),
  created: new Date(1_600_000_000_000),
  writable: true,
  revision: 'r',
  ...more,
});
const isListed = (name: string): boolean => !name.endsWith('~');
const modelsOf = (pieces: readonly string[]): unknown => JSON.parse(`[${pieces.join(',')}]`);

describe('the list of a directory', () => {
  it('is the JSON of its models, whatever their names', async () => {
    const name = fc.string({ unit: 'binary', minLength: 1 }).map((text) => text.replaceAll('/', '-'));
    const any = fc.record({
      name: fc.oneof(name, fc.constantFrom('n.ipynb', 'a.csv', 'x.unknown', 'q"\\.py', '\ud800.txt')),
      kind: fc.constantFrom('file' as const, 'directory' as const),
      size: fc.option(fc.nat(), { nil: undefined }),
      modified: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
      created: fc.option(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }), {
        nil: undefined,
      }),
      writable: fc.boolean(),
      revision: fc.constant('r'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(any), fc.constantFrom('', 'd', 'a "b"/c\n'), async (entries, path) => {
        const { pieces } = await new DirectoryTexts(isListed).of(path, entries);
        const listed = entries.filter((each) => isListed(each.name));
        const full = listed.map((each) => bareModel(path === '' ? each.name : `${path}/${each.name}`, each));
        expect(modelsOf(pieces)).toEqual(JSON.parse(JSON.stringify(full)));
      }),
    );
  });

  it('follows what comes, goes and changes, in long lists too', async () => {
    const texts = new DirectoryTexts(isListed);
    let entries = Array.from({ length: 2500 }, (_, i) => entry(`f${i}`));
    const look = async (): Promise<unknown> => {
      const { pieces } = await texts.of('d', entries);
      return modelsOf(pieces);
    };
    const wanted = (): unknown =>
      JSON.parse(JSON.stringify(entries.map((each) => bareModel(`d/${each.name}`, each))));
    expect(await look()).toEqual(wanted());
    entries = [entry('first'), ...entries.slice(0, 100), entry('f100', { size: 8 }), ...entries.slice(200)];
    expect(await look()).toEqual(wanted());
    entries = [...entries].reverse();
    expect(await look()).toEqual(wanted());
    // only what is frozen is taken for the same without a look
    entries.pop();
    expect(await look()).toEqual(wanted());
    Object.freeze(entries);
    await look();
    expect(await texts.of('d', entries)).toBe(await texts.of('d', entries));
  });
});
