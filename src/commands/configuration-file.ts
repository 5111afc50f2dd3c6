/** What a command means by `--config` and `--profile`: the file, the settings in force with it, and writing one of them. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  abbreviateHome,
  configFileName,
  expandHome,
  jupyterDirectories,
  loadSettings,
  makePrivateDirectory,
  parseCommandLine,
  profileDirectory,
  renderConfigFile,
  setOption,
  writePrivateFile,
} from '../config/index.js';
import type { Directories, LoadedSettings, OptionName } from '../config/index.js';
import { CommandError } from './command.js';

export interface FileChoice {
  config?: string;
  profile?: string;
}

export function directories(): Directories {
  return jupyterDirectories({ env: process.env, home: homedir(), platform: process.platform });
}

/** The file of the profile when one is named, else of `--config`, else of the default profile; it may not exist. */
export function chosenFile({ config, profile }: FileChoice): string {
  if (config === undefined || profile !== undefined)
    return join(profileDirectory(directories(), profile ?? 'default'), configFileName);
  if (config.endsWith('.py'))
    throw new CommandError(`${config} is Python, which nbserver does not write. Its own files are JSON.`);
  return resolve(expandHome(config, homedir()));
}

export function shownPath(path: string): string {
  return abbreviateHome(path, homedir());
}

/** Sets one option; a file that is not there yet starts with every option commented out. Mode 0600. */
export function writeSetting(path: string, name: OptionName, value: unknown): void {
  if (!existsSync(path)) makePrivateDirectory(dirname(path));
  const text = existsSync(path) ? readFileSync(path, 'utf8') : renderConfigFile();
  writePrivateFile(path, setOption(text, name, value, shownPath(path)));
}

/** The settings with which a server starts that is given the same --profile and --config. */
export function settingsOf({ profile, config }: FileChoice): LoadedSettings {
  return settingsWith([
    ...(profile === undefined ? [] : [`--profile=${profile}`]),
    ...(config === undefined ? [] : [`--config=${config}`]),
  ]);
}

/** The settings with which a server starts that is given these flags. */
export function settingsWith(flags: readonly string[]): LoadedSettings {
  const cwd = process.cwd();
  return loadSettings({
    line: parseCommandLine(flags, cwd),
    cwd,
    env: process.env,
    home: homedir(),
    platform: process.platform,
    uid: process.getuid?.(),
  });
}
