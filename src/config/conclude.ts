/** What follows from several options together: a path on the command line, public, public_url and base_url, contradictions. */
import { statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { ConfigError } from './config-error.js';
import type { OptionName, Settings } from './options.js';
import { expandHome } from './paths.js';

export interface Draft {
  settings: Settings;
  origins: Record<OptionName, string>;
}

/** `nbserver PATH`: a directory is served; a file is opened, in its directory unless notebook_dir holds it. */
export function applyPath(
  { settings, origins }: Draft,
  paths: readonly string[],
  cwd: string,
  home: string,
): void {
  const [path, second] = paths;
  if (path === undefined) return;
  if (second !== undefined)
    throw new ConfigError(`only one directory or file can be given, not also "${second}".`);
  const full = resolve(cwd, expandHome(path, home));
  const origin = `argument ${path}`;
  const kind = kindOf(full);
  if (kind === undefined) throw new ConfigError(`No such file or directory: ${path}`);
  if (kind === 'file') {
    settings.file_to_run = full;
    origins.file_to_run = origin;
    if (settings.notebook_dir !== '' && isInside(settings.notebook_dir, full)) return;
  }
  settings.notebook_dir = kind === 'file' ? dirname(full) : full;
  origins.notebook_dir = origin;
}

/** @throws ConfigError where options contradict each other */
export function conclude(draft: Draft, cwd: string): void {
  const { settings, origins } = draft;
  if (settings.notebook_dir === '') settings.notebook_dir = cwd;
  if (kindOf(settings.notebook_dir) !== 'directory')
    throw new ConfigError(
      `notebook_dir is not a directory: ${settings.notebook_dir} (${origins.notebook_dir}).`,
    );
  checkFileToRun(draft);
  if (settings.public_url !== '') followPublicUrl(draft, new URL(settings.public_url).pathname);
  if (settings.public) followPublic(draft);
  for (const other of ['port', 'ip'] as const)
    if (settings.sock !== '' && origins[other].startsWith('flag'))
      throw new ConfigError(`--sock and --${other} exclude each other: a unix socket has no ${other}.`);
  if (settings.keyfile !== '' && ['', 'auto'].includes(settings.certfile))
    throw new ConfigError(`keyfile is set (${origins.keyfile}), but certfile names no certificate for it.`);
}

function checkFileToRun({ settings, origins }: Draft): void {
  if (settings.file_to_run === '') return;
  if (kindOf(settings.file_to_run) !== 'file')
    throw new ConfigError(`file_to_run is not a file: ${settings.file_to_run} (${origins.file_to_run}).`);
  if (!isInside(settings.notebook_dir, settings.file_to_run))
    throw new ConfigError(
      `file_to_run (${settings.file_to_run}) is not inside notebook_dir (${settings.notebook_dir}), so it cannot be opened.`,
    );
}

/**
 * What is public listens everywhere, with a certificate of its own making. With a public_url alone a proxy on this machine
 * does both, and the server stays where only that one reaches it. What a person said otherwise stays.
 */
function followPublic({ settings, origins }: Draft): void {
  const isBehindProxy = settings.public_url !== '' && settings.certfile === '';
  const set = <Name extends 'ip' | 'certfile' | 'open_browser'>(name: Name, value: Settings[Name]) => {
    if (origins[name] !== 'default') return;
    settings[name] = value;
    origins[name] = origins.public;
  };
  if (settings.sock === '' && !isBehindProxy) set('ip', '*');
  if (!isBehindProxy) set('certfile', 'auto');
  set('open_browser', false);
}

function followPublicUrl({ settings, origins }: Draft, path: string): void {
  if (origins.base_url === 'default') {
    settings.base_url = path;
    origins.base_url = origins.public_url;
  } else if (new URL(settings.base_url, 'http://localhost').pathname !== path)
    throw new ConfigError(
      `public_url ends in ${path} (${origins.public_url}), but base_url is ${settings.base_url} (${origins.base_url}): they must be the same path.`,
    );
}

function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith('../');
}

function kindOf(path: string): 'directory' | 'file' | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : found.isDirectory() ? 'directory' : 'file';
}
