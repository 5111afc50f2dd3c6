/**
 * Reads the command line of `nbserver [PATH] [flags]` with the option table. Every option is a flag: `--base-url`,
 * `--base_url`, `--NotebookApp.base_url`; a boolean one has `--no-…` too. An unknown flag is an error that names the
 * nearest known one.
 *
 * It uses Node's own `parseArgs` instead of yargs, which the other commands use: the table already knows names,
 * types and help, and loading yargs would cost 20 ms of each start.
 */
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import type { Entry } from './config-file.js';
import { ConfigError } from './config-error.js';
import { resolveName } from './names.js';
import { nearest } from './nearest.js';
import { describeOption, optionNames } from './options.js';
import type { OptionName } from './options.js';
import { parseTextLiteral, valueOfText } from './values.js';

export interface CommandLine {
  entries: Entry[];
  /** PATH: a directory to serve or a file to open */
  paths: string[];
  /** as written, relative to the current directory */
  config?: string;
  profile?: string;
  help: boolean;
  version: boolean;
}

type Meaning =
  /** `value` is set where the flag itself says it: `--no-quit-button`, `--debug` */
  { option: OptionName; value?: string } | { special: 'config' | 'profile' | 'help' | 'version' };

/** The flag as `--help` shows it, without dashes. */
export function flagOf(name: OptionName): string {
  return describeOption(name).flag ?? name.replaceAll('_', '-');
}

const meanings = new Map<string, Meaning>([
  ['config', { special: 'config' }],
  ['profile', { special: 'profile' }],
  ['help', { special: 'help' }],
  ['version', { special: 'version' }],
  ['debug', { option: 'log_level', value: 'debug' }],
]);
for (const name of optionNames)
  for (const key of [flagOf(name), name, ...(describeOption(name).aka ?? [])]) {
    for (const spelling of [key, key.replaceAll('_', '-')]) {
      meanings.set(spelling, { option: name });
      if (describeOption(name).type === 'boolean')
        meanings.set(`no-${spelling}`, { option: name, value: 'false' });
    }
  }
// What everybody types, although `browser` is a command.
meanings.set('no-browser', { option: 'open_browser', value: 'false' });

const shortNames: Readonly<Record<string, string>> = { yes: 'y', help: 'h', version: 'V' };

const parserOptions: ParseArgsConfig['options'] = Object.fromEntries(
  [...meanings].map(([flag, meaning]) => [
    flag,
    {
      type: takesValue(meaning) ? ('string' as const) : ('boolean' as const),
      ...(flag in shortNames && { short: shortNames[flag] }),
    },
  ]),
);

function takesValue(meaning: Meaning): boolean {
  if ('special' in meaning) return meaning.special === 'config' || meaning.special === 'profile';
  return meaning.value === undefined && describeOption(meaning.option).type !== 'boolean';
}

/**
 * @param argv  without node and script
 * @param cwd   relative paths on the command line are meant from here
 * @throws ConfigError
 */
export function parseCommandLine(argv: readonly string[], cwd: string): CommandLine {
  const { tokens } = parseArgs({
    args: [...argv],
    options: parserOptions,
    strict: false, // the messages are ours
    allowPositionals: true,
    tokens: true,
  });
  const line: CommandLine = { entries: [], paths: [], help: false, version: false };
  for (const token of tokens) {
    if (token.kind === 'positional') line.paths.push(token.value);
    if (token.kind === 'option') readFlag(line, token, cwd);
  }
  return line;
}

interface Flag {
  name: string;
  rawName: string;
  value: string | undefined;
  inlineValue: boolean | undefined;
}

function readFlag(line: CommandLine, flag: Flag, cwd: string): void {
  const { name, rawName, value } = flag;
  const meaning = meanings.get(name);
  // parseArgs takes the next word whatever it is; `--token --public` is a forgotten value.
  const forgotten = value === undefined || (!flag.inlineValue && /^-./.test(value));
  if (meaning !== undefined && takesValue(meaning) && forgotten)
    throw new ConfigError(`${rawName} needs a value.`);

  if (meaning === undefined) line.entries.push(fullName(flag, cwd));
  else if ('option' in meaning) {
    if (meaning.value !== undefined && value !== undefined)
      throw new ConfigError(`${rawName} takes no value.`);
    const text = meaning.value ?? value ?? 'true';
    line.entries.push(entry(meaning.option, valueOfFlag(meaning.option, text, rawName), rawName, cwd));
  } else if (meaning.special === 'config' || meaning.special === 'profile') line[meaning.special] = value;
  else line[meaning.special] = true;
}

/** `--NotebookApp.port=9999`, options of a store (`--MyNotebookManager.bucket=x`), and flags of Jupyter. */
function fullName({ name, rawName, value }: Flag, cwd: string): Entry {
  const written = name.includes('.') ? name : name.replaceAll('-', '_');
  const resolved = resolveName(written);
  switch (resolved.kind) {
    case 'option': {
      if (value === undefined && describeOption(resolved.name).type !== 'boolean')
        throw new ConfigError(`${rawName} needs a value, with an equals sign: ${rawName}=VALUE.`);
      return entry(name, valueOfFlag(resolved.name, value ?? 'true', rawName), rawName, cwd);
    }
    case 'no effect':
    case 'refused':
      return entry(written, value, rawName, cwd);
    case 'store':
      return entry(name, value === undefined ? true : looseLiteral(value), rawName, cwd);
    case 'unknown': {
      const known = name.includes('.') ? resolved.nearest : nearestFlag(name);
      throw new ConfigError(
        `unknown flag ${rawName}.${known === undefined ? ' "nbserver --help" lists all.' : ` Did you mean --${known}?`}`,
      );
    }
  }
}

function entry(written: string, value: unknown, rawName: string, base: string): Entry {
  return { written, value, origin: `flag ${rawName}`, subject: rawName, base };
}

function valueOfFlag(name: OptionName, text: string, rawName: string): unknown {
  try {
    return valueOfText(name, text);
  } catch (error) {
    throw new ConfigError(`${rawName} ${(error as Error).message}.`);
  }
}

/** A store's option may be of any type: what reads as a literal is one, all else is a string. */
function looseLiteral(text: string): unknown {
  try {
    return parseTextLiteral(text);
  } catch {
    return text;
  }
}

function nearestFlag(written: string): string | undefined {
  return nearest(
    written,
    [...meanings.keys()].filter((flag) => !flag.includes('_')),
  );
}
