import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/config-file.js';

const names = (text: string) => parseConfig(text, 'F', '/base').map(({ written, value }) => [written, value]);

describe('parseConfig', () => {
  const files: [string, string, unknown[]][] = [
    ['an empty file', '', []],
    ['a file of comments', '// nothing\n/* at all */', []],
    ['an empty object', '{}', []],
    [
      'flat options',
      '{"port": 1, "ip": "*"}',
      [
        ['port', 1],
        ['ip', '*'],
      ],
    ],
    ['sections', '{"NotebookApp": {"port": 1}}', [['NotebookApp.port', 1]]],
    [
      'comments and trailing commas',
      '{\n// c\n"port": 1, /* d */\n"NotebookApp": {"ip": "*",},\n}',
      [
        ['port', 1],
        ['NotebookApp.ip', '*'],
      ],
    ],
    ['a byte order mark and CRLF', '\uFEFF{\r\n"port": 1\r\n}', [['port', 1]]],
    [
      'an object as value',
      '{"webapp_settings": {"static_url_prefix": "/x/"}}',
      [['webapp_settings', { static_url_prefix: '/x/' }]],
    ],
    [
      'nested values of a store',
      '{"MyNotebookManager": {"a": {"b": [1, null]}}}',
      [['MyNotebookManager.a', { b: [1, null] }]],
    ],
  ];
  it.each(files)('reads %s', (_name, text, expected) => {
    expect(names(text)).toEqual(expected);
  });

  it('knows the line of each entry, and the directory that paths are meant from', () => {
    const text = '{\n  "port": 1,\n  "NotebookApp": {\n    // comment\n    "ip": "*"\n  }\n}';
    expect(parseConfig(text, '~/f.json', '/base')).toEqual([
      { written: 'port', value: 1, origin: '~/f.json:2', subject: '~/f.json:2: port', base: '/base' },
      {
        written: 'NotebookApp.ip',
        value: '*',
        origin: '~/f.json:5',
        subject: '~/f.json:5: NotebookApp.ip',
        base: '/base',
      },
    ]);
  });

  const broken: [string, string, string][] = [
    ['a missing comma', '{\n"a": 1\n"b": 2\n}', 'F:3: this is not valid JSON (comma expected).'],
    ['a missing brace', '{\n"a": 1\n', 'F:3: this is not valid JSON (close brace expected).'],
    ['a missing value', '{"a": }', 'F:1: this is not valid JSON (value expected).'],
    ['Python', '\nc.NotebookApp.port = 9999', 'F:2: this is not valid JSON (invalid symbol).'],
    ['a list', '[1]', 'F:1: a configuration file holds one JSON object, {…}.'],
    [
      'a section that is no object',
      '{\n"NotebookApp": 3}',
      'F:2: section NotebookApp must be an object, {…}.',
    ],
  ];
  it.each(broken)('says where it met %s', (_name, text, message) => {
    expect(() => parseConfig(text, 'F', '/')).toThrow(message);
  });

  it('makes no prototype out of a key', () => {
    const [entry] = parseConfig('{"webapp_settings": {"__proto__": {"static_url_prefix": "/x/"}}}', 'F', '/');
    expect(Object.getPrototypeOf(entry?.value)).toBe(Object.prototype);
    expect((entry?.value as { static_url_prefix?: string }).static_url_prefix).toBeUndefined();
  });
});
