/**
 * The formats of Jupyter's own nbconvert, where it is installed: looked for when somebody first asks, run as a process of
 * its own in an empty folder, ended when it takes too long.
 */
import { spawn } from 'node:child_process';
import { access, constants, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { HttpError } from '../http-error.js';
import { limitConcurrency } from '../limit-concurrency.js';

export interface NbconvertOptions {
  /** what the process inherits, without secrets */
  environment: Readonly<Record<string, string | undefined>>;
  /** milliseconds; default two minutes */
  timeLimit?: number;
}

/** Its formats beyond ours, and the type of what each gives. */
export const NBCONVERT_FORMATS: Readonly<Record<string, string>> = {
  asciidoc: 'text/asciidoc',
  latex: 'text/latex',
  python: 'text/x-python',
  rst: 'text/restructuredtext',
  slides: 'text/html',
};

const TIME_LIMIT = 120_000;
/** Milliseconds after its end in which the last of what it said arrives. */
const LAST_WORDS = 1000;
/** Each is a Python of its own, and may start LaTeX and more. */
const MOST_AT_ONCE = 2;
const MOST_OUTPUT = 4000;

export class JupyterNbconvert {
  readonly #options: NbconvertOptions;
  #program: Promise<string | undefined> | undefined;
  #isClosed = false;
  readonly #running = new Set<() => void>();
  readonly #inTurn = limitConcurrency(MOST_AT_ONCE);

  constructor(options: NbconvertOptions) {
    this.#options = options;
  }

  /** The program; undefined when it is not installed. */
  find(): Promise<string | undefined> {
    this.#program ??= this.#look();
    return this.#program;
  }

  /**
   * @returns the files that it made, by relative path; the first one is the document
   * @throws HttpError 500 with the last lines of what it said
   */
  async convert(notebook: Uint8Array, format: string): Promise<Map<string, Uint8Array>> {
    const program = await this.find();
    if (program === undefined) throw new HttpError(404, `No exporter for format: ${format}`);
    const folder = await mkdtemp(join(tmpdir(), 'nbserver-nbconvert-'));
    try {
      // a name of ours: what the notebook is called never reaches a command line
      await writeFile(join(folder, 'notebook.ipynb'), notebook);
      const args = ['--to', format, '--output-dir', 'out', 'notebook.ipynb'];
      await this.#inTurn(() => {
        if (this.#isClosed) throw new HttpError(503, 'The server is stopping.');
        return this.#run(program, args, folder);
      });
      return await filesOf(join(folder, 'out'));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Ends what is running; what waits for its turn does not begin. */
  close(): void {
    this.#isClosed = true;
    for (const stop of this.#running) stop();
  }

  async #look(): Promise<string | undefined> {
    for (const directory of (this.#options.environment['PATH'] ?? '').split(delimiter)) {
      if (!directory.startsWith('/')) continue;
      const path = join(directory, 'jupyter-nbconvert');
      try {
        await access(path, constants.X_OK);
        return path;
      } catch {
        // not in this directory
      }
    }
    return undefined;
  }

  #run(program: string, args: string[], cwd: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd,
        env: { ...this.#options.environment },
        stdio: ['ignore', 'ignore', 'pipe'],
        // a group of its own: LaTeX and browsers that it starts end with it
        detached: true,
      });
      let isLate = false;
      const stop = (): void => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        } catch {
          // it has ended by itself
        }
      };
      this.#running.add(stop);
      const limit = this.#options.timeLimit ?? TIME_LIMIT;
      const timer = setTimeout(() => {
        isLate = true;
        stop();
      }, limit);
      let lastWords: NodeJS.Timeout | undefined;
      const settle = (problem: string | undefined): void => {
        clearTimeout(timer);
        clearTimeout(lastWords);
        this.#running.delete(stop);
        if (problem === undefined) resolve();
        else reject(new HttpError(500, `nbconvert failed: ${problem}`));
      };
      child.once('error', (error) => settle(error.message));
      let said = '';
      // Without a free descriptor nothing is started, and there is no such stream.
      (child.stderr as Readable | undefined)?.on('data', (data: Buffer) => {
        said = (said + data.toString()).slice(-MOST_OUTPUT);
      });
      const ended = (code: number | null): void => {
        if (isLate) settle(`it was not done after ${limit / 1000} seconds`);
        else
          settle(code === 0 ? undefined : said.trim().split('\n').slice(-3).join(' ') || `exit code ${code}`);
      };
      child.once('close', ended);
      child.once('exit', (code) => {
        lastWords = setTimeout(() => {
          stop(); // what it started and left behind holds its stderr open
          ended(code);
        }, LAST_WORDS);
      });
    });
  }
}

async function filesOf(folder: string): Promise<Map<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, Uint8Array>();
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  // the document stands in the folder itself, what belongs to it deeper
  paths.sort((a, b) => a.split('/').length - b.split('/').length || a.localeCompare(b));
  for (const path of paths) files.set(relative(folder, path), await readFile(path));
  return files;
}
