/** Puts the settings together: defaults < Jupyter's files < our file < the profile's file < environment < flags. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { applyPath, conclude } from './conclude.js';
import { ConfigError } from './config-error.js';
import { environmentEntries } from './environment.js';
import type { CommandLine } from './flags.js';
import { configFileName, foundFiles, isJupyterFile, pythonFiles } from './found-files.js';
import { Gathering } from './gather.js';
import type { OptionName, Settings } from './options.js';
import { abbreviateHome, expandHome, jupyterDirectories, profileDirectory } from './paths.js';
import type { Directories, Surroundings } from './paths.js';

export interface LoadRequest extends Surroundings {
  line: CommandLine;
  cwd: string;
  /** of this process; undefined where there is no such thing */
  uid?: number | undefined;
}

export interface LoadedSettings {
  settings: Settings;
  /** `default`, `~/.jupyter/…/notebook_config.json:12`, `flag --port`, `env JUPYTER_PORT`, `argument ~/work` */
  origins: Record<OptionName, string>;
  /** one line each, for the log */
  warnings: string[];
  /** sections for stores of somebody's own, as they stand there: name of the section → its options */
  storeSections: Record<string, Record<string, unknown>>;
  directories: Directories;
  profile: string;
  profileDir: string;
  /** the file that a new password is written to, because it wins over the others; it may not exist yet */
  configFile: string;
  /** the configuration files that were read, the most important last */
  files: string[];
}

/** @throws ConfigError, whose message is one line for the user */
export function loadSettings({ line, cwd, uid, ...surroundings }: LoadRequest): LoadedSettings {
  const { env, home } = surroundings;
  const directories = jupyterDirectories(surroundings);
  const profile = line.profile ?? 'default';
  const profileDir = profileDirectory(directories, profile);
  if (profile !== 'default' && !existsSync(profileDir))
    throw new ConfigError(
      `there is no profile "${profile}": make it with "nbserver profile create ${profile}".`,
    );
  const named = line.config === undefined ? undefined : resolve(cwd, expandHome(line.config, home));

  const gathering = new Gathering(home, uid);
  const found = foundFiles(directories, profileDir);
  if (named === undefined) found.forEach((file) => gathering.addFile(file, 'found'));
  else {
    gathering.addFile({ path: named, jupyter: isJupyterFile(basename(named)) }, 'named');
    // A profile that was named as well adds to that file, and wins.
    if (line.profile !== undefined) found.slice(-1).forEach((file) => gathering.addFile(file, 'found'));
  }
  for (const entry of [...environmentEntries(env, cwd), ...line.entries]) gathering.add(entry);
  applyPath(gathering, line.paths, cwd, home);
  conclude(gathering, cwd);
  if (named === undefined)
    for (const path of pythonFiles(directories, profileDir)) {
      const shown = abbreviateHome(path, home);
      gathering.warnings.push(
        `${shown} is Python and is not read: "nbserver config import ${shown}" takes what it can.`,
      );
    }

  const { settings, origins, warnings, storeSections, files } = gathering;
  const configFile =
    named === undefined || line.profile !== undefined ? join(profileDir, configFileName) : named;
  return { settings, origins, warnings, storeSections, directories, profile, profileDir, configFile, files };
}

/** True when somebody set the option, be it to its default. */
export function isGiven(loaded: Pick<LoadedSettings, 'origins'>, name: OptionName): boolean {
  return loaded.origins[name] !== 'default';
}
