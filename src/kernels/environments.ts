/** Finds a Python that has ipykernel, for machines where no kernelspec says where one is. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

export interface PythonSearchOptions {
  /** PATH of the server */
  path: string;
  /** VIRTUAL_ENV of the server: an active environment is asked first */
  virtualEnv?: string;
  /** environment in which the candidates are asked */
  env: Record<string, string | undefined>;
}

/** Debian's Python: the first one on PATH may be another that has no ipykernel. */
const systemPython = '/usr/bin/python3';
/** Long enough for a cold disk; a Python that hangs must not hold up the list of kernels for ever. */
const probeTimeout = 10_000;
/** A failed search is repeated after this time, so that an ipykernel installed meanwhile is found without a restart. */
const retryAfter = 30_000;

export class PythonSearch {
  readonly #options: PythonSearchOptions;
  #result: { found: Promise<string | undefined>; at: number } | undefined;

  constructor(options: PythonSearchOptions) {
    this.#options = options;
  }

  /** Absolute path of a Python that can `import ipykernel`; undefined when there is none. Asked once and remembered. */
  async find(): Promise<string | undefined> {
    if (this.#result && Date.now() - this.#result.at < retryAfter) return this.#result.found;
    const found = this.#search();
    this.#result = { found, at: Date.now() };
    if ((await found) !== undefined) this.#result = { found, at: Infinity };
    return found;
  }

  async #search(): Promise<string | undefined> {
    for (const python of await this.#candidates()) {
      if (await this.#hasIpykernel(python)) return python;
    }
    return undefined;
  }

  async #candidates(): Promise<string[]> {
    const { path, virtualEnv } = this.#options;
    const folders = path.split(delimiter).filter(isAbsolute);
    const wanted = [
      ...(virtualEnv === undefined ? [] : [join(virtualEnv, 'bin', 'python')]),
      ...folders.map((folder) => join(folder, 'python3')),
      systemPython,
    ];
    const there = await Promise.all(
      [...new Set(wanted)].map(async (file) => ((await isExecutable(file)) ? [file] : [])),
    );
    return there.flat();
  }

  #hasIpykernel(python: string): Promise<boolean> {
    // -I would hide the user's site-packages, so only the current directory is kept out: a notebook folder may hold an
    // ipykernel.py of its own. The probe runs in the root directory for that.
    const options = { timeout: probeTimeout, env: this.#options.env, cwd: '/' };
    return new Promise((resolve) => {
      execFile(python, ['-c', 'import ipykernel'], options, (error) => resolve(error === null));
    });
  }
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
