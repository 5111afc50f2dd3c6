import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/config-file.js';
import { setOption } from '../../../src/config/edit-file.js';
import { renderConfigFile } from '../../../src/config/render-config.js';

const hash = 'argon2:$argon2id$v=19$m=10240,t=10,p=8$c2FsdA$aGFz$&aA';
const set = (text: string) => setOption(text, 'password', hash, 'F');
const passwords = (text: string) =>
  parseConfig(text, 'F', '/')
    .filter(({ written }) => /password/.test(written))
    .map(({ written, value }) => [written, value]);

describe('setOption', () => {
  const files: [string, string, string][] = [
    ['an empty file', '', 'NotebookApp.password'],
    ['an empty object', '{}', 'NotebookApp.password'],
    ['a file without the option', '{\n  "port": 1\n}', 'NotebookApp.password'],
    ['a trailing comma', '{\n  "NotebookApp": {\n    "port": 1,\n  },\n}', 'NotebookApp.password'],
    ['a flat value', '{"password": "old"}', 'password'],
    ['another name', '{"hashed_password": "old"}', 'hashed_password'],
    ['a value in a section', '{"NotebookApp": {"port": 1, "password": "old"}}', 'NotebookApp.password'],
    [
      'Jupyter’s section',
      '{"IdentityProvider": {"hashed_password": "old"}}',
      'IdentityProvider.hashed_password',
    ],
    [
      'a section with only comments',
      '{\n  "NotebookApp": {\n    // "port": 1,\n  }\n}',
      'NotebookApp.password',
    ],
    [
      'a commented line of ours',
      '{\n  "NotebookApp": {\n    // "password": "",\n  }\n}',
      'NotebookApp.password',
    ],
    ['CRLF', '{\r\n  "NotebookApp": {\r\n    "port": 1\r\n  }\r\n}\r\n', 'NotebookApp.password'],
    ['the file of a new profile', renderConfigFile(), 'NotebookApp.password'],
  ];
  it.each(files)('sets it once in %s', (_name, text, written) => {
    expect(passwords(set(text))).toEqual([[written, hash]]);
    // And again, as a person who changes it.
    expect(passwords(setOption(set(text), 'password', 'sha1:a:b', 'F'))).toEqual([[written, 'sha1:a:b']]);
  });

  it('changes nothing else: comments, order and spacing stay', () => {
    const text =
      '// mine\n{\n  /* port */ "port":   9999, // fixed\n\n  "NotebookApp": {\n    "password": "old", // secret\n    "ip": "*",\n  },\n}\n';
    expect(set(text)).toBe(text.replace('"old"', () => JSON.stringify(hash)));
  });

  it('brings the commented line of a created profile to life', () => {
    const text = renderConfigFile();
    const lines = set(text).split('\n');
    const changed = lines.filter((line, index) => line !== text.split('\n')[index]);
    expect(changed).toEqual([`    "password": ${JSON.stringify(hash)},`]);
    expect(lines).toHaveLength(text.split('\n').length);
  });

  it('is not misled by such a line outside of any object', () => {
    const text = '// "password": "",\n{\n  "port": 1\n}\n';
    expect(passwords(set(text))).toEqual([['NotebookApp.password', hash]]);
    expect(set(text)).toContain('// "password": "",\n');
  });

  it('does not touch a file that is broken', () => {
    expect(() => set('{"port": 1')).toThrow('F:1: this is not valid JSON');
  });
});
