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
/** A search without success is repeated after this time (ms): an ipykernel installed meanwhile needs no restart. */
const retryAfter = 30_000;

export class PythonSearch {
  readonly #options: PythonSearchOptions;
  #running: Promise<string | undefined> | undefined;
  /** of the last search; `at` is when it ended */
  #last: { python: string | undefined; at: number } | undefined;

  constructor(options: PythonSearchOptions) {
    this.#options = options;
  }

  /**
   * Absolute path of a Python that can `import ipykernel`; undefined when there is none. Only the first call waits for
   * the search; later ones get what is known, and a new search goes on behind them.
   */
  async find(): Promise<string | undefined> {
    const last = this.#last;
    if (!last) return this.#start();
    if (last.python === undefined && Date.now() - last.at > retryAfter) void this.#start();
    return last.python;
  }

  #start(): Promise<string | undefined> {
    this.#running ??= this.#search().then((python) => {
      this.#last = { python, at: Date.now() };
      this.#running = undefined;
      return python;
    });
    return this.#running;
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
