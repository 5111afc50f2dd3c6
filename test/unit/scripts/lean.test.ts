import { createRequire } from 'node:module';
import iconvLite from 'iconv-lite';
import mimeTable from 'mime-db/db.json' with { type: 'json' };
import qs from 'qs';
import { describe, expect, it } from 'vitest';
import { leanMimeTable } from '../../../scripts/lean/lean.mjs';

const require = createRequire(import.meta.url);

describe('what takes the place of packages in the bundle', () => {
  const iconv = require('../../../scripts/lean/iconv-lite.cjs') as typeof iconvLite;
  const flat = require('../../../scripts/lean/qs.cjs') as { parse: typeof qs.parse };

  it('reads what iconv-lite reads in the encodings of the web', () => {
    for (const encoding of ['utf-8', 'iso-8859-1', 'utf-16le'])
      for (const text of ['', 'naïve', 'ÄÖÜ']) {
        const bytes = iconvLite.encode(text, encoding);
        expect(iconv.decode(bytes, encoding)).toBe(text);
      }
  });

  it('reads a character that two chunks share', () => {
    const decoder = iconv.getDecoder('utf-8');
    const bytes = Buffer.from('é');
    expect(
      [decoder.write(bytes.subarray(0, 1)), decoder.write(bytes.subarray(1)), decoder.end()].join(''),
    ).toBe('é');
  });

  it('refuses an unknown encoding in the words that raw-body looks for', () => {
    expect(iconv.encodingExists('x-nothing')).toBe(false);
    expect(() => iconv.getDecoder('x-nothing')).toThrow(/^Encoding not recognized: /);
  });

  it.each(['', 'a=1&b=2', 'a=1&a=2', 'a=%C3%A9+x', 'a', 'a=b=c', '&&a=1', 'a=%zz'])(
    'reads the form %j as qs does',
    (form) => {
      const { ...ours } = flat.parse(form);
      const { ...theirs } = qs.parse(form, { depth: 0 });
      expect(ours).toEqual(theirs);
    },
  );

  it('keeps of the MIME table what mime-types asks for', () => {
    const wanted = Object.entries(mimeTable as Record<string, Record<string, unknown>>)
      .filter(([, type]) => type.extensions !== undefined || type.charset !== undefined)
      .map(([name, { source, charset, extensions }]) => [name, { source, charset, extensions }]);
    expect(leanMimeTable(mimeTable)).toEqual(Object.fromEntries(wanted));
  });
});
