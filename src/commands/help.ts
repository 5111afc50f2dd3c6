/** What `nbserver --help` prints: usage, commands, and every option of the table by group. Pure. */
import { describeOption, flagOf, groups, optionNames, wrap } from '../config/index.js';
import type { OptionName } from '../config/index.js';

export interface CommandSummary {
  usage: string;
  describe: string;
}

/** @param columns  of the terminal; text is never wider than 100, which reads badly */
export function renderHelp(commands: readonly CommandSummary[], columns = 80): string {
  const width = Math.max(50, Math.min(columns, 100));
  const sections = [
    ['Usage: nbserver [PATH] [flags]', '       nbserver COMMAND [--help]'].join('\n'),
    wrap(
      'Serves the notebooks of a directory: PATH, or the current one. When PATH is a notebook, it is opened.',
      width,
    ).join('\n'),
    section(
      'Commands',
      commands.flatMap(({ usage, describe }) => row(usage, describe, width)),
    ),
    ...groups.map((group) =>
      section(
        group,
        optionNames
          .filter((name) => describeOption(name).group === group)
          .flatMap((name) => option(name, width)),
      ),
    ),
    section('Configuration', [
      ...row('--config FILE', 'Read this file instead of those that are found', width),
      ...row(
        '--profile NAME',
        'Read the configuration of this profile; "nbserver profile create" makes one',
        width,
      ),
      ...row('-h, --help', 'This text', width),
      ...row('-V, --version', 'The version', width),
    ]),
    wrap(
      'Each flag is an option of the configuration file: --base-url is "base_url" there, and --NotebookApp.base_url=… works too. ' +
        'Flags win over the environment, and that over files. "nbserver config show" tells what is in force and where it comes from.',
      width,
    ).join('\n'),
  ];
  return sections.join('\n\n');
}

function section(title: string, lines: string[]): string {
  return [`${title}:`, ...lines].join('\n');
}

function option(name: OptionName, width: number): string[] {
  const { type, placeholder, help, env, default: value } = describeOption(name);
  const flag =
    type === 'boolean'
      ? `--${value === true ? 'no-' : ''}${flagOf(name)}`
      : `--${flagOf(name)} ${placeholder ?? 'VALUE'}`;
  const notes = [
    ...(typeof value === 'string' && value !== '' ? [`default: ${value}`] : []),
    ...(typeof value === 'number' ? [`default: ${value}`] : []),
    ...(Array.isArray(value) && value.length > 0 ? [`default: ${value.join(', ')}`] : []),
    ...(env ?? []),
  ];
  // The text says what the option does, and this flag is the one that turns it off.
  const text =
    type === 'boolean' && value === true ? `Turn off: ${help.charAt(0).toLowerCase()}${help.slice(1)}` : help;
  return row(shortFlag(flag), notes.length === 0 ? text : `${text} [${notes.join('; ')}]`, width);
}

function shortFlag(flag: string): string {
  if (flag === '--no-open-browser') return '--no-browser';
  return flag === '--yes' ? '-y, --yes' : flag;
}

const indent = 2;
const gutter = 26;

/** Name on the left, text on the right; a long name has a line of its own. */
function row(name: string, text: string, width: number): string[] {
  const lines = wrap(text, width - gutter);
  const left = ' '.repeat(indent) + name;
  const first = left.length < gutter - 1 ? [left.padEnd(gutter) + (lines.shift() ?? '')] : [left];
  return [...first, ...lines.map((line) => ' '.repeat(gutter) + line)];
}
