/** Writes the configuration file that `profile create` gives and the package ships, from the option table. Pure. */
import { groups } from './option.js';
import type { Section } from './option.js';
import { describeOption, optionNames } from './options.js';
import type { OptionName } from './options.js';
import { wrap } from './wrap.js';

const sections: readonly Section[] = [
  'NotebookApp',
  'FileNotebookManager',
  'MappingKernelManager',
  'TerminalManager',
];

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
    const members = optionNames.filter((name) => {
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
  const { help, default: value } = describeOption(name);
  return [
    ...wrap(`${help}.`, 100).map((line) => `// ${line}`),
    `// "${name}": ${JSON.stringify(value ?? null)},`,
  ];
}
