/** A shell behind a pseudo-terminal. The native part is loaded on first use: a server without it runs all the same. */
import { closeSync, constants, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IPty } from '@lydell/node-pty';
import { HttpError } from '../http-error.js';

export interface PtyCommand {
  argv: readonly string[];
  /** an existing directory */
  cwd: string;
  env: Readonly<Record<string, string>>;
  rows: number;
  columns: number;
}

/** How long a shell and what runs in it have after each signal. */
const SIGNAL_GRACE = 500;
/** After the shell ended, its terminal is read until nothing came for so long (ms), and at most so long in all. */
const QUIET = 30;
const LAST_WORDS = 1000;

/** Whether the native part is installed, without loading it. */
export function hasPty(): boolean {
  try {
    const require = createRequire(import.meta.url);
    const main = require.resolve('@lydell/node-pty');
    createRequire(main).resolve(`@lydell/node-pty-${process.platform}-${process.arch}/pty.node`);
    return true;
  } catch {
    return false; // an optional dependency that npm left out, for example on a platform without a build
  }
}

export class Pty {
  readonly #pty: IPty;
  #paused = false;
  #ended = false;
  #draining = false;
  #exited: () => void = () => {};
  readonly #exit = new Promise<void>((resolve) => (this.#exited = resolve));

  private constructor(pty: IPty, onData: (text: string) => void, onExit: () => void) {
    this.#pty = pty;
    pty.onData(onData);
    pty.onExit(() => {
      this.#ended = true;
      this.#exited();
      onExit();
    });
    this.#readToTheEnd();
  }

  /** @throws {HttpError} 501 when the native part is missing, 500 when the shell does not start */
  static async open(
    { argv, cwd, env, rows, columns }: PtyCommand,
    on: { data(text: string): void; exit(): void },
  ): Promise<Pty> {
    let spawn: typeof import('@lydell/node-pty').spawn;
    try {
      ({ spawn } = await import('@lydell/node-pty'));
    } catch {
      throw new HttpError(
        501,
        'Terminals need the package @lydell/node-pty, which is not installed here. Everything else works without it.',
      );
    }
    const [file = 'sh', ...args] = argv;
    try {
      const pty = spawn(file, args, { name: 'xterm-256color', cols: columns, rows, cwd, env });
      return new Pty(pty, on.data, on.exit);
    } catch (error) {
      throw new HttpError(500, `The shell "${file}" does not start: ${String(error)}`);
    }
  }

  get pid(): number {
    return this.#pty.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The name of the program that the shell has in front; undefined: none, or there is no /proc. */
  async program(): Promise<string | undefined> {
    const [group] = await foregroundGroup(this.pid);
    if (group === undefined || group === this.pid) return undefined;
    // It may have ended just now.
    const name = await readFile(`/proc/${group}/comm`, 'utf8').catch(() => '');
    return name.trim() || undefined;
  }

  write(text: string): void {
    if (!this.#ended) this.#pty.write(text);
  }

  resize(rows: number, columns: number): void {
    if (this.#ended || (rows === this.#pty.rows && columns === this.#pty.cols)) return;
    try {
      this.#pty.resize(columns, rows);
    } catch {
      // It ended just now; its exit is on the way.
    }
  }

  /** What the shell prints stays in the kernel until `resume`, and who prints more than fits there waits. */
  pause(): void {
    if (this.#paused || this.#ended || this.#draining) return;
    this.#paused = true;
    this.#pty.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#ended) this.#pty.resume();
  }

  /**
   * Sees to it that nothing which the shell printed is lost at its end. Two things would lose it: libuv takes a hang-up for
   * the end although more can be read, so the other side is kept open here; and node-pty destroys its socket 200 ms after
   * the shell ended, held back or not, so that is put off until nothing comes any more. Both need fields that node-pty
   * does not declare; without them all else works.
   */
  #readToTheEnd(): void {
    const { ptsName, _socket: socket } = this.#pty as unknown as { ptsName?: string; _socket?: Socket };
    if (ptsName === undefined || socket === undefined) return;
    let other: number;
    try {
      other = openSync(ptsName, constants.O_RDWR | constants.O_NOCTTY);
    } catch {
      return; // the shell has ended already, or the device belongs to somebody else
    }
    const destroy = socket.destroy.bind(socket);
    socket.destroy = () => {
      if (this.#draining) return socket;
      this.#draining = true;
      const done = () => {
        clearTimeout(quiet);
        clearTimeout(latest);
        closeSync(other);
        destroy();
      };
      const latest = setTimeout(done, LAST_WORDS);
      let quiet = setTimeout(done, QUIET);
      socket.on('data', () => {
        clearTimeout(quiet);
        quiet = setTimeout(done, QUIET);
      });
      this.#paused = false;
      this.#pty.resume();
      return socket;
    };
  }

  /** Ends the shell and what runs in front of it: SIGHUP, as when a window is closed, and then what cannot be refused. */
  async end(): Promise<void> {
    if (this.#ended) return; // its process id may be another program's by now
    this.resume();
    const groups = new Set([this.pid, ...(await foregroundGroup(this.pid))]);
    for (const signals of [['SIGHUP', 'SIGCONT'], ['SIGINT', 'SIGTERM'], ['SIGKILL']] as const) {
      const left = [...groups].filter((group) => signalGroup(group, 0));
      if (left.length === 0) break;
      for (const group of left) for (const signal of signals) signalGroup(group, signal);
      const deadline = Date.now() + SIGNAL_GRACE;
      while (Date.now() < deadline && left.some((group) => signalGroup(group, 0))) await sleep(10);
    }
    // A process that changed its user can neither be signalled nor waited for.
    await Promise.race([this.#exit, sleep(2 * LAST_WORDS, undefined, { ref: false })]);
  }
}

/**
 * The process group that has the terminal (`tpgid`, field 8 of /proc/PID/stat): a job of an interactive shell is in a
 * group of its own. Empty where there is no /proc; the shell then ends its jobs itself.
 */
async function foregroundGroup(pid: number): Promise<number[]> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in the second field may hold anything, spaces and brackets too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const group = Number(fields[5]);
    return group > 1 ? [group] : [];
  } catch {
    return [];
  }
}

/** False when nobody is left in the group. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false; // nobody is left, or they changed their user and are not ours to signal
  }
}
