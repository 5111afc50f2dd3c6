/**
 * The settings that pages and extensions keep on the server, section by section (jupyter_server 2, `/api/config`): JSON
 * files in `serverconfig/` of Jupyter's configuration directories, so that both servers share them.
 */
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';

type JsonObject = Record<string, unknown>;

const FOLDER = 'serverconfig';

export class ConfigSections {
  readonly #own: string;
  readonly #path: readonly string[];
  readonly #log: Log;
  /** one change after the other */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param own  where changes are written
   * @param path all configuration directories, the most important first
   */
  constructor({ own, path, log }: { own: string; path: readonly string[]; log: Log }) {
    this.#own = join(own, FOLDER);
    this.#path = path.map((directory) => join(directory, FOLDER));
    this.#log = log;
  }

  /** Merged over all directories; `{}` for a section that nobody has set. */
  async get(section: string): Promise<JsonObject> {
    const lowestFirst = [...new Set([this.#own, ...this.#path])].reverse();
    const merged: JsonObject = {};
    for (const directory of lowestFirst) {
      merge(merged, await this.#defaults(directory, section));
      merge(merged, await this.#read(join(directory, `${section}.json`)));
    }
    return merged;
  }

  /** Replaces what this user has set. */
  async set(section: string, value: JsonObject): Promise<void> {
    await this.#change(section, async () => value);
  }

  /** Merges into what this user has set; `null` takes a value away. @returns the merged section */
  async update(section: string, changes: JsonObject): Promise<JsonObject> {
    await this.#change(section, async () => {
      const own = await this.#read(join(this.#own, `${section}.json`));
      return merge(own, changes);
    });
    return this.get(section);
  }

  #change(section: string, next: () => Promise<JsonObject>): Promise<void> {
    const change = this.#turn
      .catch(() => undefined)
      .then(async () => {
        const value = await next();
        await mkdir(this.#own, { recursive: true, mode: 0o700 });
        const file = join(this.#own, `${section}.json`);
        await writeFile(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
        await rename(`${file}.new`, file);
      });
    this.#turn = change;
    return change;
  }

  /** `<section>.d/*.json`, which installed packages bring. */
  async #defaults(directory: string, section: string): Promise<JsonObject> {
    const folder = join(directory, `${section}.d`);
    const names = await readdir(folder).catch(() => []);
    const merged: JsonObject = {};
    for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
      merge(merged, await this.#read(join(folder, name)));
    }
    return merged;
  }

  async #read(file: string): Promise<JsonObject> {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch {
      // not there, or not for us: nothing is set there
      return {};
    }
    try {
      const value: unknown = JSON.parse(text);
      return isPlain(value) ? value : {};
    } catch {
      this.#log.warn(`${file} is not valid JSON and is passed over.`);
      return {};
    }
  }
}

/** @throws HttpError 400 for a name that is none (`\w+`) */
export function checkSection(name: string): string {
  if (!/^\w{1,100}$/.test(name)) {
    throw new HttpError(400, 'The name of a section has letters, digits and underscores only');
  }
  return name;
}

/**
 * Merges `changes` into `target`, objects key by key. `null` deletes, and objects that become empty go.
 *
 * @returns target
 */
export function merge(target: JsonObject, changes: JsonObject, depth = 0): JsonObject {
  if (depth > DEEPEST) throw new HttpError(400, `Settings are nested more than ${DEEPEST} levels deep`);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete target[key];
    else if (isPlain(value)) {
      const there = Object.hasOwn(target, key) ? target[key] : undefined;
      const inner = merge(isPlain(there) ? there : {}, value, depth + 1);
      if (Object.keys(inner).length > 0) put(target, key, inner);
      else delete target[key];
    } else put(target, key, value);
  }
  return target;
}

const DEEPEST = 100;

/** As an own property, whatever its name: `__proto__` is a key like others. */
function put(target: JsonObject, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function isPlain(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
