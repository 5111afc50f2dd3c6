/** Writes the configuration file that `profile create` gives, and the docs page: both from the option table. Pure. */
import { groups } from './option.js';
import type { Section } from './option.js';
import { describeOption, optionNames } from './options.js';
import type { OptionName } from './options.js';
import { wrap } from './wrap.js';

const sections: readonly Section[] = ['NotebookApp', 'FileNotebookManager', 'MappingKernelManager'];

/**
 * Every option in its section, commented out, with its help and its default. Removing the `//` before any of them,
 * in any number, leaves valid JSON with comments, because trailing commas are allowed.
 */
export function renderConfigFile(): string {
  const lines = [
    '// Configuration of nbserver: JSON with comments. Each option is shown with its default.',
    '// To set one, remove the // in front of it and change the value; a comma after the last one does no harm.',
    '// Relative paths are meant from the directory of this file, ~ is your home directory.',
    '{',
    ...sections
      .flatMap((section) => [`  "${section}": {`, ...sectionLines(section), '  },', ''])
      .slice(0, -1),
    '}',
    '',
  ];
  return lines.join('\n');
}

function sectionLines(section: Section): string[] {
  const blocks = groups.flatMap((group) => {
    const members = inFiles().filter((name) => {
      const option = describeOption(name);
      return option.section === section && option.group === group;
    });
    return members.length === 0 ? [] : [[`// ---- ${group} ----`], ...members.map(optionLines)];
  });
  return blocks
    .flatMap((block) => [...block, ''])
    .slice(0, -1)
    .map((line) => (line === '' ? '' : `    ${line}`));
}

function optionLines(name: OptionName): string[] {
  const { help } = describeOption(name);
  return [
    ...wrap(`${help}.`, 100).map((line) => `// ${line}`),
    `// "${name}": ${JSON.stringify(shownDefault(name))},`,
  ];
}

/** The text of `docs/configuration.md` under its introduction. */
export function renderOptionTables(flagOf: (name: OptionName) => string): string {
  return groups
    .map((group) => {
      const rows = optionNames
        .filter((name) => describeOption(name).group === group)
        .map((name) => {
          const option = describeOption(name);
          const value = option.default === undefined ? '*unset*' : code(JSON.stringify(option.default));
          const elsewhere = [
            ...(option.env ?? []).map(code),
            ...(option.aka ?? []).map(code),
            ...(option.also ?? []).map(code),
          ];
          const section = option.section === 'NotebookApp' ? '' : ` (section \`${option.section}\`)`;
          return `| ${code(name)}${section} | ${code(`--${flagOf(name)}`)} | ${value} | ${escapeCell(option.help)}.${elsewhere.length > 0 ? ` Also: ${elsewhere.join(', ')}.` : ''} |`;
        });
      return [
        `## ${group}`,
        '',
        '| Option | Flag | Default | Meaning |',
        '| --- | --- | --- | --- |',
        ...rows,
      ].join('\n');
    })
    .join('\n\n');
}

/** Options that a file may set, in the order of the table. */
function inFiles(): OptionName[] {
  return optionNames.filter((name) => !describeOption(name).commandLineOnly);
}

function shownDefault(name: OptionName): unknown {
  const { example, default: value } = describeOption(name);
  return example ?? value ?? '';
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('<', '&lt;');
}
