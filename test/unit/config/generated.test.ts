import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/config-file.js';
import { resolveName } from '../../../src/config/names.js';
import { defaultSettings, describeOption, optionNames } from '../../../src/config/options.js';
import { renderConfigFile } from '../../../src/config/render-config.js';
import { renderConfigDocs } from '../../../src/config/render-docs.js';
import { packageFile } from '../../../src/package-files.js';

/** Takes the comment signs from the lines of these options, and gives them values. */
function uncomment(text: string, values: Record<string, unknown>): string {
  return Object.entries(values).reduce((file, [name, value]) => {
    const line = new RegExp(`^(\\s*)// "${name}": .*$`, 'm');
    expect(file).toMatch(line);
    return file.replace(line, `$1"${name}": ${JSON.stringify(value)},`);
  }, text);
}

describe('the files that are made from the option table', () => {
  it.each([
    ['notebook_config.json', renderConfigFile()],
    ['docs/configuration.md', renderConfigDocs()],
  ])('%s is up to date ("npm run docs" writes it)', (file, expected) => {
    expect(readFileSync(packageFile(file), 'utf8')).toBe(expected);
  });
});

describe('renderConfigFile', () => {
  it('shows every option once, commented, and sets none', () => {
    expect(parseConfig(renderConfigFile(), 'F', '/')).toEqual([]);
    for (const name of optionNames)
      expect(renderConfigFile().match(new RegExp(`^ *// "${name}": .*,$`, 'gm'))).toHaveLength(1);
  });

  it('gives the defaults when every line is uncommented', () => {
    const all = renderConfigFile().replace(/^( *)\/\/ ("[a-z_]+": .*,)$/gm, '$1$2');
    const entries = parseConfig(all, 'F', '/');
    const values = Object.fromEntries(
      entries.map(({ written, value }) => {
        const resolved = resolveName(written);
        if (resolved.kind !== 'option') throw new Error(`${written} is ${resolved.kind}`);
        expect(written).toBe(`${describeOption(resolved.name).section}.${resolved.name}`);
        return [resolved.name, value ?? undefined];
      }),
    );
    expect(values).toEqual(defaultSettings());
    expect(entries).toHaveLength(optionNames.length);
  });

  const five = { certfile: '/x/mycert.pem', ip: '*', open_browser: false, password: 'sha1:a:b', port: 9999 };
  it('is valid with exactly the five lines of the classic page uncommented', () => {
    expect(
      parseConfig(uncomment(renderConfigFile(), five), 'F', '/').map(({ written, value }) => [
        written,
        value,
      ]),
    ).toEqual([
      ['NotebookApp.ip', '*'],
      ['NotebookApp.port', 9999],
      ['NotebookApp.password', 'sha1:a:b'],
      ['NotebookApp.certfile', '/x/mycert.pem'],
      ['NotebookApp.open_browser', false],
    ]);
  });

  it('is readable: no line is longer than 110 characters', () => {
    expect(
      renderConfigFile()
        .split('\n')
        .filter((line) => line.length > 110),
    ).toEqual([]);
  });
});

describe('renderConfigDocs', () => {
  it('names every option and its flag', () => {
    for (const name of optionNames) expect(renderConfigDocs()).toMatch(new RegExp(`^\\| \`${name}\``, 'm'));
  });
});

describe('the option table', () => {
  it.each(optionNames)('%s has help that is a phrase without a full stop', (name) => {
    expect(describeOption(name).help).toMatch(/^[A-Z"s].*[^.]$/s);
  });
});
