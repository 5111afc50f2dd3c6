/** `nbserver config show` and `nbserver config import FILE`. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import {
  importPythonConfig,
  makePrivateDirectory,
  optionNames,
  shownValue,
  writePrivateFile,
} from '../config/index.js';
import type { LoadedSettings } from '../config/index.js';
import { CommandError } from './command.js';
import type { Command } from './command.js';
import { chosenFile, directories, settingsWith, shownPath } from './configuration-file.js';

/** Takes every flag of the server itself, so that one can see what a start with them would use. */
const show: CommandModule = {
  command: 'show',
  describe:
    'Show every setting in force and where it comes from; takes the flags of the server. Secrets are hidden',
  builder: (yargs) =>
    yargs.strict(false).option('json', { type: 'boolean', default: false, describe: 'As one JSON object' }),
  handler: () => {
    const rest = process.argv.slice(2).filter((arg) => arg !== '--json');
    const asJson = rest.length < process.argv.length - 2;
    const [, , ...flags] = rest; // after `config show`
    const loaded = settingsWith(flags);
    console.log(asJson ? JSON.stringify(inForce(loaded), null, 2) : asText(loaded));
    for (const warning of loaded.warnings) console.error(warning);
  },
};

interface ImportArgs {
  file: string;
  out?: string;
  profile?: string;
}

const importCommand: CommandModule<object, ImportArgs> = {
  command: 'import <file>',
  describe: 'Turn the literal "c.Class.option = value" lines of a Python configuration file into JSON',
  builder: (yargs) =>
    yargs
      .positional('file', {
        type: 'string',
        demandOption: true,
        describe: 'for example ~/.jupyter/jupyter_notebook_config.py',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'Write to this new file instead of printing',
      })
      .option('profile', {
        type: 'string',
        requiresArg: true,
        describe: 'Write to the file of this new profile',
      })
      .conflicts('out', 'profile'),
  handler: ({ file, out, profile }) => {
    const { sections, notes } = importPythonConfig(readPython(file));
    const json = `${JSON.stringify(sections, null, 2)}\n`;
    if (out === undefined && profile === undefined) process.stdout.write(json);
    else
      writeNew(
        chosenFile({ ...(out !== undefined && { config: out }), ...(profile !== undefined && { profile }) }),
        json,
      );
    for (const note of notes) console.error(`${file}, ${note}`);
  },
};

export const configCommand: Command = {
  command: 'config',
  describe: 'Show the settings in force; take over a Python configuration file',
  builder: (yargs) =>
    yargs.command(show).command(importCommand).demandCommand(1, 'Say "show" or "import FILE"'),
  handler: () => undefined, // one of the two above ran
};

interface InForce {
  value: unknown;
  from: string;
}

function inForce(loaded: LoadedSettings): Record<string, InForce> {
  return Object.fromEntries(
    optionNames.map((name) => [
      name,
      { value: shownValue(name, loaded.settings[name]) ?? null, from: loaded.origins[name] },
    ]),
  );
}

function asText(loaded: LoadedSettings): string {
  const rows = Object.entries(inForce(loaded)).map(
    ([name, { value, from }]) => [`${name} = ${JSON.stringify(value)}`, from] as const,
  );
  const width = Math.min(60, Math.max(...rows.map(([left]) => left.length)));
  return [
    ...rows.map(([left, from]) => `${left.padEnd(width)}  # ${from}`),
    '',
    // Names only: a store may have secrets among its options.
    `options of the store: ${storeOptionNames(loaded).join(', ') || 'none'}`,
    `profile: ${loaded.profile} (${shownPath(loaded.profileDir)})`,
    `files read: ${loaded.files.map(shownPath).join(', ') || 'none'}`,
    `configuration directories: ${directories().configPath.map(shownPath).join(', ') || 'none'}`,
  ].join('\n');
}

function storeOptionNames({ storeSections }: LoadedSettings): string[] {
  return Object.entries(storeSections).flatMap(([section, options]) =>
    Object.keys(options).map((key) => `${section}.${key}`),
  );
}

function readPython(file: string): string {
  try {
    return readFileSync(resolve(file.replace(/^~(?=\/)/, homedir())), 'utf8');
  } catch (error) {
    throw new CommandError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function writeNew(path: string, text: string): void {
  if (existsSync(path))
    throw new CommandError(`${shownPath(path)} exists. Name another file, or move it away.`);
  makePrivateDirectory(dirname(path));
  writePrivateFile(path, text);
  console.error(`Wrote ${shownPath(path)}`);
}
