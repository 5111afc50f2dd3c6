/** Reads the kernel.json files of kernel directories, and reads each again only when it changed. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.js';
import type { KernelSpec } from './kernelspecs.js';

/** Directory names that count as kernelspecs. */
const validName = /^[a-z0-9._-]+$/i;

interface Cached {
  /** times in ms and size, as one text; a change of permissions is told by the time of the change alone */
  version: string;
  /** undefined for a kernel.json that cannot be used */
  spec: KernelSpec | undefined;
}

export class KernelspecFiles {
  readonly #log: Log;
  readonly #cache = new Map<string, Cached>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The specs below the given directories by name; the first directory that has a name wins. */
  async find(directories: readonly string[]): Promise<Map<string, KernelSpec>> {
    const found = new Map<string, KernelSpec>();
    const taken = new Set<string>();
    for (const directory of directories) {
      // Most of the search path does not exist.
      const names = await readdir(directory).catch(() => []);
      for (const folder of names.sort()) {
        const name = folder.toLowerCase();
        if (taken.has(name) || !validName.test(folder)) continue;
        const cached = await this.#read(name, join(directory, folder));
        if (!cached) continue;
        taken.add(name);
        if (cached.spec) found.set(name, cached.spec);
      }
    }
    return found;
  }

  /** Undefined when the directory has no kernel.json. */
  async #read(name: string, resourceDir: string): Promise<Cached | undefined> {
    const file = join(resourceDir, 'kernel.json');
    const facts = await stat(file).catch(() => undefined);
    if (!facts?.isFile()) return undefined;
    const version = `${facts.mtimeMs} ${facts.ctimeMs} ${facts.size}`;
    const known = this.#cache.get(file);
    if (known?.version === version) return known;
    const cached: Cached = { version, spec: undefined };
    try {
      cached.spec = parseKernelJson(name, resourceDir, await readFile(file, 'utf8'));
    } catch (error) {
      this.#log.warn(`The kernelspec ${file} is left out: ${error instanceof Error ? error.message : error}`);
    }
    this.#cache.set(file, cached);
    return cached;
  }
}

/** @throws {Error} with a sentence that says what is wrong with the file */
export function parseKernelJson(name: string, resourceDir: string, text: string): KernelSpec {
  const json: unknown = JSON.parse(text);
  if (typeof json !== 'object' || json === null) throw new Error('it is no JSON object.');
  const { argv, display_name, language, env, interrupt_mode, metadata } = json as Record<string, unknown>;
  if (!isStrings(argv) || argv.length === 0) throw new Error('argv has to be a list of strings.');
  if (typeof display_name !== 'string') throw new Error('display_name is missing.');
  return {
    name,
    displayName: display_name,
    language: typeof language === 'string' ? language : '',
    argv,
    env: Object.fromEntries(
      Object.entries(isRecord(env) ? env : {}).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    ),
    interruptMode: interrupt_mode === 'message' ? 'message' : 'signal',
    metadata: isRecord(metadata) ? metadata : {},
    resourceDir,
  };
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
