/**
 * Puts the settings together: defaults < Jupyter's files < our file < the profile's file < environment < flags. Each
 * value knows where it comes from.
 */
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { ConfigError } from './config-error.js';
import { readConfigFile } from './config-file.js';
import type { Entry } from './config-file.js';
import type { CommandLine } from './flags.js';
import { checkOwner, foundFiles, isJupyterFile, pythonFiles } from './found-files.js';
import type { FoundFile } from './found-files.js';
import { resolveName } from './names.js';
import { extensionLists } from './no-effect.js';
import { defaultSettings, describeOption, optionNames } from './options.js';
import type { OptionName, Settings } from './options.js';
import { abbreviateHome, expandHome, jupyterDirectories, profileDirectory } from './paths.js';
import type { Directories, Surroundings } from './paths.js';
import { checkValue, valueOfText } from './values.js';

export interface LoadRequest extends Surroundings {
  line: CommandLine;
  cwd: string;
  /** of this process; undefined where there is no such thing */
  uid?: number;
}

export interface LoadedSettings {
  settings: Settings;
  /** `default`, `~/.jupyter/…/notebook_config.json:12`, `flag --port`, `env JUPYTER_PORT` */
  origins: Record<OptionName, string>;
  /** one line each, for the log */
  warnings: string[];
  /** options of the store that `notebook_manager_class` names, as they stand in its section */
  storeOptions: Record<string, unknown>;
  directories: Directories;
  profile: string;
  profileDir: string;
  /** the file that a new password is written to: the one of `--config`, else the profile's; it may not exist yet */
  configFile: string;
  /** the configuration files that were read, the most important last */
  files: string[];
}

/** @throws ConfigError, whose message is one line for the user */
export function loadSettings(request: LoadRequest): LoadedSettings {
  const { line } = request;
  const directories = jupyterDirectories(request);
  const profile = line.profile ?? 'default';
  const profileDir = profileDirectory(directories, profile);
  if (line.profile !== undefined && !isDirectory(profileDir) && profile !== 'default')
    throw new ConfigError(
      `there is no profile "${profile}": make it with "nbserver profile create ${profile}".`,
    );

  const loading = new Loading(request);
  const found = foundFiles(directories, profileDir);
  if (line.config === undefined) found.forEach((file) => loading.file(file, 'found'));
  else {
    const path = resolve(request.cwd, expandHome(line.config, request.home));
    loading.file({ path, jupyter: isJupyterFile(basename(path)) }, 'named');
    // The profile was named as well: it adds to the file, and wins.
    const own = found.at(-1);
    if (line.profile !== undefined && own !== undefined) loading.file(own, 'found');
  }
  loading.environment();
  line.entries.forEach((entry) => loading.apply(entry));
  loading.path(line.paths);
  loading.conclude();
  if (line.config === undefined) loading.warnAboutPython(pythonFiles(directories, profileDir));

  return {
    settings: loading.settings,
    origins: loading.origins,
    warnings: loading.warnings,
    storeOptions: loading.storeOptions,
    directories,
    profile,
    profileDir,
    configFile:
      line.config === undefined
        ? resolve(profileDir, 'notebook_config.json')
        : resolve(request.cwd, expandHome(line.config, request.home)),
    files: loading.files,
  };
}

/** True when somebody set the option, be it to its default. */
export function isGiven(loaded: Pick<LoadedSettings, 'origins'>, name: OptionName): boolean {
  return loaded.origins[name] !== 'default';
}

class Loading {
  readonly settings: Settings = defaultSettings();
  readonly origins = Object.fromEntries(optionNames.map((name) => [name, 'default'])) as Record<
    OptionName,
    string
  >;
  readonly warnings: string[] = [];
  readonly storeOptions: Record<string, unknown> = {};
  readonly files: string[] = [];

  constructor(private readonly request: LoadRequest) {}

  file({ path, jupyter }: FoundFile, how: 'found' | 'named'): void {
    const shown = abbreviateHome(path, this.request.home);
    if (path.endsWith('.py'))
      throw new ConfigError(
        `${shown} is Python, which is not read: "nbserver config import ${shown}" turns it into JSON.`,
      );
    const entries = readConfigFile(path, shown, dirname(path));
    if (entries === undefined) {
      if (how === 'named') throw new ConfigError(`No such file: ${shown} (--config).`);
      return;
    }
    if (how === 'found') checkOwner(path, shown, this.request.uid);
    this.files.push(path);
    if (jupyter) this.applyAllKnown(entries, shown);
    else this.applyAll(entries);
    this.warnAboutReaders(entries, path, shown);
  }

  /** Our own file: every name must be known, and each option may stand once. */
  private applyAll(entries: Entry[]): void {
    const seen = new Map<OptionName, Entry>();
    for (const entry of entries) {
      const resolved = resolveName(entry.written);
      if (resolved.kind === 'option') {
        const first = seen.get(resolved.name);
        if (first !== undefined) throw new ConfigError(`${entry.subject} is set already (${first.origin}).`);
        seen.set(resolved.name, entry);
      }
      this.apply(entry);
    }
  }

  /** Jupyter's file: what we do not know is for others, and worth one line. */
  private applyAllKnown(entries: Entry[], shown: string): void {
    const others: string[] = [];
    for (const entry of entries) {
      const { kind } = resolveName(entry.written);
      if (kind === 'option') this.apply(entry);
      else if (!isForExtensions(entry.written)) others.push(entry.written);
    }
    if (others.length > 0) this.warnings.push(`${shown}: no effect in nbserver: ${others.join(', ')}.`);
  }

  apply(entry: Entry): void {
    const resolved = resolveName(entry.written);
    switch (resolved.kind) {
      case 'option':
        this.set(resolved.name, entry);
        return;
      case 'store':
        this.storeOptions[resolved.key] = entry.value;
        return;
      case 'no effect':
        this.warnings.push(`${entry.subject} has no effect: ${resolved.why}.`);
        return;
      case 'unknown':
        throw new ConfigError(
          `${entry.origin}: unknown option "${entry.written}".${resolved.nearest === undefined ? '' : ` Did you mean "${resolved.nearest}"?`}`,
        );
    }
  }

  private set(name: OptionName, { value, base, subject, origin }: Entry): void {
    let checked: unknown;
    // null is how JSON says "not set", which only some options can be.
    if (value === null && describeOption(name).default === undefined) checked = undefined;
    else
      try {
        checked = checkValue(name, value, base, this.request.home);
      } catch (error) {
        throw new ConfigError(`${subject} ${(error as Error).message}.`);
      }
    if (name === 'webapp_settings') this.warnAboutOtherKeys(value as object, subject);
    const repeatedFlag =
      describeOption(name).type === 'strings' && origin.startsWith('flag') && this.origins[name] === origin;
    const list = repeatedFlag ? [...(this.settings[name] as string[]), ...(checked as string[])] : checked;
    Object.assign(this.settings, { [name]: list });
    this.origins[name] = origin;
  }

  environment(): void {
    for (const name of optionNames) {
      // An empty variable is how compose files and unit files say "not set".
      const variable = describeOption(name).env?.find((candidate) => this.request.env[candidate]);
      if (variable === undefined) continue;
      const given = this.request.env[variable] ?? '';
      const fromFile = variable.endsWith('_FILE') && !describeOption(name).path;
      const text = fromFile ? readSecretFile(variable, given) : given;
      this.set(name, {
        written: name,
        value: valueOfText(name, text),
        origin: `env ${variable}`,
        subject: variable,
        base: this.request.cwd,
      });
    }
  }

  /** `nbserver PATH`: a directory is served, a file is opened in its directory. */
  path(paths: string[]): void {
    const [path, second] = paths;
    if (path === undefined) return;
    if (second !== undefined)
      throw new ConfigError(`only one directory or file can be given, not also "${second}".`);
    const { cwd, home } = this.request;
    const full = resolve(cwd, expandHome(path, home));
    const isDir = isDirectory(full);
    if (isDir === undefined) throw new ConfigError(`No such file or directory: ${path}.`);
    const origin = `argument ${path}`;
    if (isDir) this.settings.notebook_dir = full;
    else {
      this.settings.file_to_run = full;
      this.origins.file_to_run = origin;
      const given = this.settings.notebook_dir;
      if (given !== '' && isInside(given, full)) return;
      this.settings.notebook_dir = dirname(full);
    }
    this.origins.notebook_dir = origin;
  }

  /** What follows from several options together. */
  conclude(): void {
    const { settings, origins } = this;
    if (settings.notebook_dir === '') settings.notebook_dir = this.request.cwd;
    else if (isDirectory(settings.notebook_dir) !== true)
      throw new ConfigError(
        `notebook_dir is not a directory: ${settings.notebook_dir} (${origins.notebook_dir}).`,
      );
    if (settings.public_url !== '') this.followPublicUrl(new URL(settings.public_url).pathname);
    if (settings.sock !== '') this.checkSocket();
    if (settings.keyfile !== '' && (settings.certfile === '' || settings.certfile === 'auto'))
      throw new ConfigError(`keyfile is set (${origins.keyfile}), but certfile names no certificate for it.`);
  }

  private followPublicUrl(path: string): void {
    const { settings, origins } = this;
    if (origins.base_url === 'default') {
      settings.base_url = decodeURI(path);
      origins.base_url = origins.public_url;
    } else if (encodeURI(settings.base_url) !== path && settings.base_url !== path)
      throw new ConfigError(
        `public_url ends in ${path} (${origins.public_url}), but base_url is ${settings.base_url} (${origins.base_url}): they must be the same path.`,
      );
  }

  private checkSocket(): void {
    for (const other of ['port', 'ip'] as const)
      if (this.origins[other].startsWith('flag'))
        throw new ConfigError(`--sock and --${other} exclude each other: a unix socket has no ${other}.`);
  }

  private warnAboutOtherKeys(value: object, subject: string): void {
    const others = Object.keys(value).filter(
      (key) => !(describeOption('webapp_settings').keys ?? []).includes(key),
    );
    if (others.length > 0)
      this.warnings.push(`${subject}: only static_url_prefix has an effect, not ${others.join(', ')}.`);
  }

  /** A hash can be guessed at by whoever reads it. */
  private warnAboutReaders(entries: Entry[], path: string, shown: string): void {
    const secret = entries.find(({ written, value }) => {
      const resolved = resolveName(written);
      return (
        resolved.kind === 'option' && describeOption(resolved.name).secret && value !== '' && value !== null
      );
    });
    if (secret !== undefined && (statSync(path).mode & 0o077) !== 0)
      this.warnings.push(
        `${shown} holds ${secret.written}, and other users can read it: run "chmod 600 ${shown}".`,
      );
  }

  warnAboutPython(paths: string[]): void {
    for (const path of paths) {
      const shown = abbreviateHome(path, this.request.home);
      this.warnings.push(
        `${shown} is Python and is not read: "nbserver config import ${shown}" takes what it can.`,
      );
    }
  }
}

/** Lists of Jupyter's extensions, and the version number that traitlets allows in JSON. */
function isForExtensions(written: string): boolean {
  return written === 'version' || extensionLists.has(written.slice(written.indexOf('.') + 1));
}

/** Most editors and `echo` put a newline at the end, which nobody means. An empty token would turn the check off. */
function readSecretFile(variable: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${variable} names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new ConfigError(`${variable} names ${path}, which is empty.`);
  return secret;
}

function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith('../');
}

/** undefined: there is nothing */
function isDirectory(path: string): boolean | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory();
}
