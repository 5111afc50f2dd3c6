import { describe, expect, it } from 'vitest';
import { JsonError, levels, scanJson, type JsonNode } from '../../../src/notebook/json-scanner.js';
import { JsonNumber, parseExact, parsePlain } from '../../../src/notebook/json-values.js';
import {
  FileText,
  JUPYTER_STYLE,
  JsonDepthError,
  compareCodePoints,
  splitLines,
  writeJson,
  type WritableValue,
} from '../../../src/notebook/json-writer.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (range: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(range);

describe('scanJson', () => {
  it('gives the byte ranges of what it was asked for, and checks the rest', () => {
    const json = ' {"é": [1, {"deep": [true]}], "b": "x\\"y"} ';
    const source = bytes(json);
    const root = scanJson(source, levels(2));
    const slice = (node: JsonNode): string => text(source.subarray(node.start, node.end));
    if (root.kind !== 'object' || root.fields === undefined) throw new Error('no object');
    expect(root.fields.map(({ key, value }) => [key, value.kind, slice(value)])).toEqual([
      ['é', 'array', '[1, {"deep": [true]}]'],
      ['b', 'string', '"x\\"y"'],
    ]);
    const [first] = root.fields;
    if (first?.value.kind !== 'array') throw new Error('no array');
    expect(first.value.items?.map((node) => [node.kind, slice(node)])).toEqual([
      ['number', '1'],
      ['object', '{"deep": [true]}'],
    ]);
    expect(first.value.items?.[1]).toMatchObject({ fields: undefined });
  });

  it.each([
    '\ufeff{}',
    '[]',
    '{\r\n\t"a" : [ ]\r\n}',
    'NaN',
    '-Infinity',
    '[-0.5e+10, Infinity]',
    '"\\ud83d"',
    '" \\u00e9\\/"',
  ])('takes %j', (json) => expect(() => scanJson(bytes(json))).not.toThrow());

  it.each([
    ['', 1, 1, /file ends here/],
    ['{"a": 1', 1, 8, /ends where ',' or '}' is expected/],
    ['{\n "a": 1,\n}', 3, 1, /one too many/],
    ['[1 2]', 1, 4, /expected ',' or '\]', but found '2'/],
    ['{\n"é": "ü", b}', 2, 11, /name in double quotes, but found 'b'/],
    ['{"a" 1}', 1, 6, /expected ':'/],
    ['["abc', 1, 2, /text begins here that is not closed/],
    ['["a\nb"]', 1, 4, /line end inside a string/],
    ['["\\x"]', 1, 3, /backslash/],
    ['["\\u12g4"]', 1, 3, /backslash/],
    ['[01]', 1, 2, /may not begin with 0/],
    ['[1.]', 1, 4, /expected a digit/],
    ['[1e]', 1, 4, /expected a digit/],
    ['[-]', 1, 2, /expected a value/],
    ['[tru]', 1, 2, /expected a value, but found 't'/],
    ['[\u0000]', 1, 2, /control character 0x00/],
    ['{} x', 1, 4, /text after the end/],
    ['['.repeat(1001) + ']'.repeat(1001), 1, 1001, /nested more than 1000/],
  ])('refuses %j at line %i, column %i', (json, line, column, problem) => {
    let error: unknown;
    try {
      scanJson(bytes(json));
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(JsonError);
    expect(error).toMatchObject({ line, column, problem: expect.stringMatching(problem) as string });
  });

  it('refuses bytes that are not UTF-8, with their place', () => {
    expect(() => scanJson(Uint8Array.of(0x5b, 0x22, 0xe9, 0x22, 0x5d))).toThrow(/line 1, column 3: .*UTF-8/);
  });

  it('takes 1,000 levels', () => {
    expect(() => scanJson(bytes('['.repeat(1000) + ']'.repeat(1000)))).not.toThrow();
  });
});

describe('parsePlain and parseExact', () => {
  it('read what JSON.parse reads', () => {
    const json = '{"a": [1, -2.5e3, "x\\n\\u00e9", null, true, {}], "__proto__": {"b": 1}, "a b": ""}';
    expect(parsePlain(bytes(json))).toEqual(JSON.parse(json));
    expect(parseExact(bytes(json))).toMatchObject({
      'a b': '',
      a: [1, { text: '-2.5e3' }, 'x\né', null, true, {}],
    });
  });

  it('make null of numbers that JSON does not have, and keep a key __proto__ as a key', () => {
    const value = parsePlain(bytes('\ufeff{"__proto__": NaN, "x": [-Infinity, 1e999]}'));
    expect(Object.entries(value as object)).toEqual([
      ['__proto__', null],
      ['x', [null, null]],
    ]);
  });

  it.each(['1.0', '1e-05', '12345678901234567890', 'NaN', '-Infinity', '-0', '0.10'])(
    'keep the spelling %s',
    (number) => {
      const value = parseExact(bytes(`[${number}]`)) as unknown[];
      expect(value[0]).toBeInstanceOf(JsonNumber);
      expect(text(writeJson(value as WritableValue, { ...JUPYTER_STYLE, newline: '' }))).toBe(`[${number}]`);
    },
  );

  it.each(['0', '1', '-12', '1.5', '1e+21'])('make a plain number of %s', (number) => {
    expect(parseExact(bytes(number))).toBe(Number(number));
  });
});

describe('writeJson', () => {
  const write = (value: WritableValue, old: string, style = JUPYTER_STYLE): string => {
    const before = bytes(old);
    return text(writeJson(value, style, '', { bytes: before, node: scanJson(before) }));
  };

  it('writes as Python does: sorted keys, one item a line, empty containers closed at once', () => {
    const value = { b: [1, 'ü\u2028\u007f\u0001"\\/\n\t'], a: {}, '\u{1f600}': [], '\uffff': null };
    expect(text(writeJson(value, JUPYTER_STYLE))).toBe(
      '{\n "a": {},\n "b": [\n  1,\n  "ü\u2028\u007f\\u0001\\"\\\\/\\n\\t"\n ],\n "\uffff": null,\n "\u{1f600}": []\n}',
    );
  });

  it('copies what is equal from the old text, whatever its spelling', () => {
    const old = '{"b":1.0,  "a": [NaN, 1e5, {"x": "\\u0041"}],"c":12345678901234567890}';
    expect(write(JSON.parse(JSON.stringify(parsePlain(bytes(old)))) as WritableValue, old)).toBe(old);
    expect(write({ b: 1, a: [null, 100000, { x: 'B' }], c: 12345678901234567000 }, old)).toBe(
      '{\n "b": 1.0,\n "a": [\n  NaN,\n  1e5,\n  {\n   "x": "B"\n  }\n ],\n "c": 12345678901234567890\n}',
    );
  });

  it('keeps old keys in their order, and puts new ones where they sort', () => {
    expect(write({ d: 1, a: 1, b: 2, e: 1 }, '{"a": 1, "c": 1, "e": 1}')).toBe(
      '{\n "a": 1,\n "b": 2,\n "d": 1,\n "e": 1\n}',
    );
    expect(write({ z: 1, a: 2, m: 3 }, '{"z": 1, "a": 1}')).toBe('{\n "m": 3,\n "z": 1,\n "a": 2\n}');
  });

  it('writes list items over the old ones at both ends', () => {
    expect(write([1, 2, 9, 3], '[1.0, 2.0, 3.0]')).toBe('[\n 1.0,\n 2.0,\n 9,\n 3.0\n]');
    expect(write([2, 3], '[1.0, 2.0, 3.0]')).toBe('[\n 2.0,\n 3.0\n]');
  });

  it('takes a text for the same, whole or in lines', () => {
    const list = '["a\\n",   "b"]';
    expect(write(new FileText('a\nb', true), list)).toBe(list);
    expect(write(new FileText('a\nb', true), '"a\\nb"')).toBe('"a\\nb"');
    expect(write(new FileText('a\nc', true), '"a\\nb"')).toBe('[\n "a\\n",\n "c"\n]');
    expect(write(new FileText('', true), '"x"')).toBe('[]');
    expect(write(new FileText('a\nc', false), list)).toBe('"a\\nc"');
  });

  it('refuses what is nested too deep to be read again', () => {
    let value: WritableValue = [];
    for (let i = 0; i < 2000; i++) value = [value];
    expect(() => writeJson(value, JUPYTER_STYLE)).toThrow(JsonDepthError);
  });
});

it.each([
  ['', []],
  ['a', ['a']],
  ['a\n', ['a\n']],
  ['a\r\nb\rc\n\nd', ['a\r\n', 'b\r', 'c\n', '\n', 'd']],
  ['a\u2028b\x0bc\x85', ['a\u2028', 'b\x0b', 'c\x85']],
])('splitLines cuts %j as Python does', (whole, lines) => {
  expect(splitLines(whole)).toEqual(lines);
});

it('compareCodePoints orders as Python, where JavaScript compares UTF-16 units', () => {
  expect(['\u{1f600}', '\uffff', 'a', 'ab', ''].sort(compareCodePoints)).toEqual([
    '',
    'a',
    'ab',
    '\uffff',
    '\u{1f600}',
  ]);
});

describe('a text that was checked before', () => {
  it.each([
    ['quotes and backslashes at the ends of strings', String.raw`{"a\"":["\\","\\\"","\"",""],"b":"\\\\"}`],
    ['characters of several bytes', '{"ä":"🙂\\u0022","b":["é\\\\",1,null]}'],
    ['what stands behind a string', '["a" , "b"\n]'],
  ])('is found in the same pieces: %s', (_what, text) => {
    const bytes = new TextEncoder().encode(text);
    expect(scanJson(bytes, undefined, { nonFinite: [], isChecked: true })).toEqual(
      scanJson(bytes, undefined),
    );
    const shape = levels(4);
    expect(scanJson(bytes, shape, { nonFinite: [], isChecked: true })).toEqual(scanJson(bytes, shape));
  });
});
