import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  notebookContent,
  readNotebook,
  saveContent,
  writeNotebook,
  type JsonObject,
} from '../../../src/notebook/index.js';
import { checkNotebook } from '../../../src/notebook/validate.js';
import { rounds } from '../../tier.js';

const runs = { numRuns: rounds(60, 3000) };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;

/** Any text, with a taste for what breaks writers. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    'a\nb',
    'a\r\nb\r',
    '\u2028\x0b\u0085',
    '',
    '"\\',
    '__proto__',
    '<<<<<<< HEAD',
    '\ud83d',
    '😀',
  ),
);
/** A text as some writer spells it. */
const textJson = fc.tuple(text, fc.boolean(), fc.boolean()).map(([value, ascii, slash]) => {
  let json = JSON.stringify(value);
  if (ascii)
    json = json.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return slash ? json.replaceAll('/', '\\/') : json;
});
const numberJson = fc.oneof(
  fc.constantFrom(
    '1.0',
    '1e-05',
    '-0.0',
    '-0',
    '12345678901234567890',
    'NaN',
    'Infinity',
    '-Infinity',
    '1E+22',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n)),
);
const space = fc.constantFrom('', '', ' ', '\n ', '\r\n\t', '\n\n');
const list = (parts: fc.Arbitrary<string>, open: string, close: string): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(space, parts, space), { maxLength: 4 })
    .map((all) => open + all.map(([a, part, b]) => a + part + b).join(',') + close);
const fieldJson = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(textJson, space, space, value).map(([name, a, b, json]) => `${name}${a}:${b}${json}`);
/** Any JSON value in any layout. */
const { value: anyJson } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    textJson,
    numberJson,
    fc.constantFrom('true', 'false', 'null', '[ ]', '{\n}'),
    list(tie('value'), '[', ']'),
    list(fieldJson(tie('value')), '{', '}'),
  ),
}));
const objectJson = list(fieldJson(anyJson), '{', '}');
const linesJson = fc.oneof(textJson, list(textJson, '[', ']'));

/** Fields in any order, some of them missing or of another kind. */
const objectOf = (fields: Record<string, fc.Arbitrary<string>>): fc.Arbitrary<string> =>
  fc
    .shuffledSubarray(
      Object.entries(fields).map(([name, value]) =>
        fc.tuple(space, space, value).map(([a, b, json]) => `${a}"${name}":${b}${json}`),
      ),
    )
    .chain((all) => fc.tuple(...all))
    .map((all) => `{${all.join(',')}}`);
const outputJson = objectOf({
  output_type: fc.constantFrom('"stream"', '"display_data"', '"execute_result"', '"error"', '"pyout"'),
  name: fc.constant('"stdout"'),
  text: linesJson,
  data: list(
    fc
      .tuple(
        fc.constantFrom('text/plain', 'text/html', 'image/png', 'application/json', 'application/x+json'),
        fc.oneof(linesJson, anyJson),
      )
      .map(([mime, json]) => `"${mime}": ${json}`),
    '{',
    '}',
  ),
  metadata: objectJson,
  execution_count: fc.constantFrom('1', 'null', '1.0'),
  transient: fc.constant('{"display_id": "d"}'),
});
const cellJson = objectOf({
  cell_type: fc.constantFrom('"code"', '"markdown"', '"raw"', '"heading"', '7'),
  id: fc.constantFrom('"a"', '"b"', '"not an id"', '7'),
  metadata: fc.oneof(objectJson, fc.constant('{"trusted": true}')),
  source: linesJson,
  outputs: list(outputJson, '[', ']'),
  execution_count: fc.constantFrom('1', 'null'),
  x: anyJson,
});
const notebookJson = fc
  .tuple(list(cellJson, '[', ']'), objectJson, fc.constantFrom(0, 4, 5, 7), space, fc.boolean())
  .map(
    ([cells, metadata, minor, gap, first]) =>
      `${gap}{${first ? `"metadata":${metadata},` : ''}${gap}"cells"${gap}:${gap}${cells}${gap},"nbformat": 4,${first ? '' : `"metadata":${metadata},`}"nbformat_minor": ${minor}${gap}}${gap}`,
  );

describe('any notebook in any layout', () => {
  it('is read and written without a change to a byte', () => {
    fc.assert(
      fc.property(notebookJson, (json) => {
        const before = bytes(json);
        const file = readNotebook(before);
        expect(same(file.toBytes(), before)).toBe(true);
        const again = writeNotebook(file, { metadata: file.metadata });
        expect(same(again.toBytes(), before)).toBe(true);
      }),
      runs,
    );
  });

  it('is sent to a client and saved by it without a change to a byte, when its ids are good', () => {
    fc.assert(
      fc.property(notebookJson, (json) => {
        const file = readNotebook(bytes(json));
        // a client cannot send back what is no id, or is one twice
        fc.pre(
          file.cells.every((cell) => cell.idInFile || (!file.hasIds && cell.json()['id'] === undefined)),
        );
        const sent = JSON.parse(JSON.stringify(notebookContent(file, true))) as JsonObject;
        const root = JSON.parse(JSON.stringify(sent)) as JsonObject;
        expect(same(saveContent(file, root).toBytes(), file.toBytes())).toBe(true);
      }),
      runs,
    );
  });

  it('keeps the bytes of all cells but the one that changes', () => {
    fc.assert(
      fc.property(notebookJson, fc.nat(), text, (json, at, source) => {
        const file = readNotebook(bytes(json));
        fc.pre(file.cells.length > 0);
        const index = at % file.cells.length;
        const cells = file.cells.map((cell, i) => (i === index ? { ...cell.read(), source } : cell));
        const written = readNotebook(writeNotebook(file, { cells }).toBytes());
        expect(written.cells[index]?.read().source).toBe(source);
        file.cells.forEach((cell, i) => {
          if (i !== index) expect(same(written.cells[i]?.bytes ?? bytes(''), cell.bytes)).toBe(true);
        });
      }),
      runs,
    );
  });
});

describe('any notebook of an old format', () => {
  const lines = fc.oneof(text, fc.array(text, { maxLength: 3 }));
  const metadata = fc.dictionary(fc.constantFrom('tags_', 'a', 'collapsed_'), fc.jsonValue({ maxDepth: 2 }));
  const oldOutput = fc.oneof(
    fc.record(
      { output_type: fc.constant('stream'), stream: fc.constantFrom('stdout', 'stderr'), text: lines },
      { requiredKeys: ['output_type'] },
    ),
    fc.record(
      {
        output_type: fc.constantFrom('pyout', 'display_data'),
        prompt_number: fc.nat(),
        text: lines,
        html: lines,
        png: text,
        json: fc.oneof(
          text,
          fc.jsonValue().map((value) => JSON.stringify(value)),
        ),
        javascript: lines,
        metadata,
      },
      { requiredKeys: ['output_type'] },
    ),
    fc.record(
      {
        output_type: fc.constant('pyerr'),
        ename: text,
        evalue: text,
        traceback: fc.array(text, { maxLength: 3 }),
      },
      { requiredKeys: ['output_type'] },
    ),
  );
  const oldCell = fc.oneof(
    fc.record(
      {
        cell_type: fc.constant('code'),
        input: lines,
        collapsed: fc.boolean(),
        language: fc.constant('python'),
        prompt_number: fc.option(fc.nat()),
        metadata,
        outputs: fc.array(oldOutput, { maxLength: 3 }),
      },
      { requiredKeys: ['cell_type'] },
    ),
    fc.record(
      {
        cell_type: fc.constantFrom('markdown', 'raw', 'html', 'heading', 'text'),
        level: fc.integer({ min: 1, max: 6 }),
        source: lines,
        metadata,
      },
      { requiredKeys: ['cell_type'] },
    ),
  );
  const old = fc
    .tuple(
      fc.constantFrom(1, 2, 3),
      fc.array(fc.array(oldCell, { maxLength: 4 }), { maxLength: 2 }),
      metadata,
    )
    .map(([nbformat, sheets, meta]) =>
      nbformat === 1
        ? { nbformat, cells: sheets.flat() }
        : {
            nbformat,
            nbformat_minor: 0,
            metadata: meta,
            worksheets: sheets.map((cells) => ({ cells, metadata: {} })),
          },
    );

  it('becomes a valid one of format 4.5, the same every time, with as many cells', () => {
    fc.assert(
      fc.property(old, (notebook) => {
        const file = readNotebook(bytes(JSON.stringify(notebook)));
        expect(checkNotebook(notebookContent(file, false)).problems).toEqual([]);
        expect([file.nbformatMinor, file.upgradedFrom]).toEqual([5, notebook.nbformat]);
        const cells = notebook.cells ?? (notebook.worksheets ?? []).flatMap((sheet) => sheet.cells);
        expect(file.cells).toHaveLength(cells.length);
        const again = readNotebook(bytes(JSON.stringify(notebook)));
        expect(same(again.toBytes(), file.toBytes())).toBe(true);
      }),
      runs,
    );
  });
});
