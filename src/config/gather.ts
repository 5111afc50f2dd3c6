/** Takes settings in, one source after the other; what comes later wins. Each value knows where it comes from. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Draft } from './conclude.js';
import { ConfigError } from './config-error.js';
import { readConfigFile } from './config-file.js';
import type { Entry } from './config-file.js';
import { checkOwner } from './found-files.js';
import type { FoundFile } from './found-files.js';
import { resolveName } from './names.js';
import { extensionLists } from './no-effect.js';
import { defaultSettings, describeOption, optionNames } from './options.js';
import type { OptionName, Settings } from './options.js';
import { abbreviateHome } from './paths.js';
import { checkValue } from './values.js';

export class Gathering implements Draft {
  readonly settings: Settings = defaultSettings();
  readonly origins = Object.fromEntries(optionNames.map((name) => [name, 'default'])) as Record<
    OptionName,
    string
  >;
  readonly warnings: string[] = [];
  readonly storeSections: Record<string, Record<string, unknown>> = {};
  /** those that were there */
  readonly files: string[] = [];

  /** @param uid  of this process */
  constructor(
    private readonly home: string,
    private readonly uid: number | undefined,
  ) {}

  /** @param how  `named`: by --config, so it must exist; `found`: in a fixed place, so its owner must be trusted */
  addFile({ path, jupyter }: FoundFile, how: 'found' | 'named'): void {
    const shown = abbreviateHome(path, this.home);
    if (path.endsWith('.py'))
      throw new ConfigError(
        `${shown} is Python, which is not read: "nbserver config import ${shown}" turns it into JSON.`,
      );
    const entries = readConfigFile(path, shown, dirname(path));
    if (entries === undefined) {
      if (how === 'named') throw new ConfigError(`No such file: ${shown} (--config).`);
      return;
    }
    if (how === 'found') checkOwner(path, shown, this.uid);
    this.files.push(path);
    if (jupyter) this.addKnown(entries, shown);
    else this.addOnce(entries);
    this.warnAboutReaders(entries, path, shown);
  }

  /** @throws ConfigError when the name is unknown or the value has the wrong type */
  add(entry: Entry): void {
    const resolved = resolveName(entry.written);
    switch (resolved.kind) {
      case 'option':
        this.set(resolved.name, entry);
        return;
      case 'store':
        (this.storeSections[resolved.section] ??= {})[resolved.key] = entry.value;
        return;
      case 'no effect':
        this.warnings.push(`${entry.subject} has no effect: ${resolved.why}.`);
        return;
      case 'refused':
        throw new ConfigError(`${entry.subject}: ${resolved.why}.`);
      case 'unknown': {
        const hint = resolved.nearest === undefined ? '' : ` Did you mean "${resolved.nearest}"?`;
        throw new ConfigError(`${entry.origin}: unknown option "${entry.written}".${hint}`);
      }
    }
  }

  /** Our own file: every name must be known, and each option may stand there once. */
  private addOnce(entries: Entry[]): void {
    const seen = new Map<OptionName, Entry>();
    for (const entry of entries) {
      const resolved = resolveName(entry.written);
      if (resolved.kind === 'option') {
        const first = seen.get(resolved.name);
        if (first !== undefined) throw new ConfigError(`${entry.subject} is set already (${first.origin}).`);
        seen.set(resolved.name, entry);
      }
      this.add(entry);
    }
  }

  /** Jupyter's file: what we do not know is for other programs, and worth one line. */
  private addKnown(entries: Entry[], shown: string): void {
    const others: string[] = [];
    for (const entry of entries) {
      if (['option', 'refused'].includes(resolveName(entry.written).kind)) this.add(entry);
      else if (!isForExtensions(entry.written)) others.push(entry.written);
    }
    if (others.length > 0) this.warnings.push(`${shown}: no effect in nbserver: ${others.join(', ')}.`);
  }

  private set(name: OptionName, entry: Entry): void {
    const value = this.checked(name, entry);
    if (name === 'webapp_settings') this.warnAboutOtherKeys(entry);
    // A list may be given by a flag several times: --hostname a --hostname b.
    const repeated = describeOption(name).type === 'strings' && this.fromFlag.has(name);
    if (entry.origin.startsWith('flag')) this.fromFlag.add(name);
    Object.assign(this.settings, {
      [name]: repeated ? [...(this.settings[name] as string[]), ...(value as string[])] : value,
    });
    this.origins[name] = entry.origin;
  }

  private readonly fromFlag = new Set<OptionName>();

  private checked(name: OptionName, { value, base, subject }: Entry): unknown {
    // null is how JSON says "not set", which only some options can be.
    if (value === null && describeOption(name).default === undefined) return undefined;
    try {
      return checkValue(name, value, base, this.home);
    } catch (error) {
      throw new ConfigError(`${subject} ${(error as Error).message}.`);
    }
  }

  private warnAboutOtherKeys({ value, subject }: Entry): void {
    const known = describeOption('webapp_settings').keys ?? [];
    const others = Object.keys(value as object).filter((key) => !known.includes(key));
    if (others.length > 0)
      this.warnings.push(`${subject}: only ${known.join(', ')} has an effect, not ${others.join(', ')}.`);
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
}

/** Lists of Jupyter's extensions, and the version number that traitlets allows in JSON. */
function isForExtensions(written: string): boolean {
  return written === 'version' || extensionLists.has(written.slice(written.indexOf('.') + 1));
}
