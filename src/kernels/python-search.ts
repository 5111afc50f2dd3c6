/** Finds a Python that has a module (ipykernel, octave_kernel …), where no kernelspec says which one. */
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
/** A search without success is repeated after this time (ms): an ipykernel installed meanwhile needs no restart. */
const retryAfter = 30_000;

export class PythonSearch {
  readonly #options: PythonSearchOptions;
  /** by module */
  readonly #running = new Map<string, Promise<string | undefined>>();
  /** the last search by module; `at` is when it ended */
  readonly #last = new Map<string, { python: string | undefined; at: number }>();

  constructor(options: PythonSearchOptions) {
    this.#options = options;
  }

  /**
   * Absolute path of a Python that has the module; undefined when there is none. Only the first call waits for
   * the search; later ones get what is known, and a new search goes on behind them.
   */
  async find(module = 'ipykernel'): Promise<string | undefined> {
    const last = this.#last.get(module);
    if (!last) return this.#start(module);
    if (last.python === undefined && Date.now() - last.at > retryAfter) void this.#start(module);
    return last.python;
  }

  #start(module: string): Promise<string | undefined> {
    let running = this.#running.get(module);
    if (running) return running;
    running = this.#search(module)
      .then((python) => {
        this.#last.set(module, { python, at: Date.now() });
        return python;
      })
      .finally(() => this.#running.delete(module));
    this.#running.set(module, running);
    return running;
  }

  async #search(module: string): Promise<string | undefined> {
    for (const python of await this.#candidates()) {
      if (await this.#has(python, module)) return python;
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

  #has(python: string, module: string): Promise<boolean> {
    // -I would hide the user's site-packages, so only the current directory is kept out: a notebook folder may hold an
    // ipykernel.py of its own. The probe runs in the root directory for that.
    const options = { timeout: probeTimeout, env: this.#options.env, cwd: '/' };
    return new Promise((resolve) => {
      const find = 'import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)';
      try {
        execFile(python, ['-c', find, module], options, (error) => resolve(error === null));
      } catch {
        // The system starts no process just now (no memory), or not this one: it is asked again with the next search.
        resolve(false);
      }
    });
  }
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
