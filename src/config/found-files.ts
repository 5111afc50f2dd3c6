/** Which configuration files are read when nobody names one, and whether a file found that way may be believed. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config-error.js';
import type { Directories } from './paths.js';

export const configFileName = 'notebook_config.json';

export interface FoundFile {
  path: string;
  /** Jupyter's own file: unknown keys are not errors there */
  jupyter: boolean;
}

/** Jupyter's own file names; each later one wins over the one before. */
const jupyterNames = ['jupyter_config', 'jupyter_notebook_config', 'jupyter_server_config'];

export function isJupyterFile(fileName: string): boolean {
  return jupyterNames.some((name) => fileName === `${name}.json`);
}

/** All places, in order of precedence: the last wins. Most of them will not exist. */
export function foundFiles(directories: Directories, profileDir: string): FoundFile[] {
  const places = [...directories.configPath].reverse();
  const jupyter = jupyterNames.flatMap((name) =>
    places.flatMap((dir) => [...dropIns(join(dir, `${name}.d`)), join(dir, `${name}.json`)]),
  );
  const own = places.map((dir) => join(dir, 'nbserver', configFileName));
  return [
    ...jupyter.map((path) => ({ path, jupyter: true })),
    ...(places.length === 0 ? [] : [...own, join(profileDir, configFileName)]).map((path) => ({
      path,
      jupyter: false,
    })),
  ];
}

/** Python configuration that says something, in the places above: it is not read, but its owner should know. */
export function pythonFiles(directories: Directories, profileDir: string): string[] {
  const candidates = [
    ...directories.configPath.flatMap((dir) => jupyterNames.map((name) => join(dir, `${name}.py`))),
    ...listNames(profileDir)
      .filter((name) => name.endsWith('_config.py'))
      .map((name) => join(profileDir, name)),
  ];
  return candidates.filter((path) => {
    try {
      return /^\s*c\.\w/m.test(readFileSync(path, 'utf8'));
    } catch {
      return false; // absent, or not ours to read: Jupyter would not load it either
    }
  });
}

/**
 * A file in a fixed place must not be one that somebody else can write: whoever writes it decides where the
 * password is checked (CVE-2022-39286). Root reads what it is given, because containers mount other people's files.
 */
export function checkOwner(path: string, shown: string, uid: number | undefined): void {
  const { mode, uid: owner } = statSync(path);
  if ((mode & 0o002) !== 0)
    throw new ConfigError(
      `${shown} can be written by every user of this computer: run "chmod o-w ${shown}".`,
    );
  if (uid !== undefined && uid !== 0 && owner !== uid && owner !== 0)
    throw new ConfigError(`${shown} belongs to another user (uid ${owner}), so it is not read.`);
}

function dropIns(directory: string): string[] {
  return listNames(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(directory, name));
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // most of these directories do not exist
  }
}
