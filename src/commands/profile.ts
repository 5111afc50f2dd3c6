/** `nbserver profile create NAME` and `nbserver profile list`: named configurations, as IPython had them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import {
  configFileName,
  makePrivateDirectory,
  profileDirectory,
  renderConfigFile,
  writePrivateFile,
} from '../config/index.js';
import type { Command } from './command.js';
import { directories, shownPath } from './configuration-file.js';

const create: CommandModule<object, { name: string }> = {
  command: 'create <name>',
  describe: 'Make a profile: a directory with a configuration file that shows every option',
  builder: (yargs) =>
    yargs.positional('name', { type: 'string', demandOption: true, describe: 'Of the new profile' }),
  handler: ({ name }) => {
    const directory = profileDirectory(directories(), name);
    const file = join(directory, configFileName);
    if (existsSync(file))
      console.error(`The profile "${name}" exists; its configuration file is left as it is:`);
    else {
      makePrivateDirectory(directory);
      writePrivateFile(file, renderConfigFile());
      console.error(`Edit this file, then start with "nbserver --profile ${name}":`);
    }
    console.log(file);
  },
};

const list: CommandModule = {
  command: 'list',
  describe: 'List the profiles and their configuration files',
  handler: () => {
    const names = profileNames(directories().profiles);
    if (names.length === 0) console.error('There are no profiles. "nbserver profile create NAME" makes one.');
    for (const name of names)
      console.log(`${name}\t${shownPath(join(profileDirectory(directories(), name), configFileName))}`);
  },
};

export const profileCommand: Command = {
  command: 'profile',
  describe: 'Make and list profiles: named configurations',
  builder: (yargs) => yargs.command(create).command(list).demandCommand(1, 'Say "create NAME" or "list"'),
  handler: () => undefined, // one of the two above ran
};

function profileNames(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^profile_[A-Za-z0-9_]/.test(entry.name))
    .map((entry) => entry.name.slice('profile_'.length))
    .sort();
}
