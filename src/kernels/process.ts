/** A kernel's process: started in a process group of its own, signalled as a group, its last words kept. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchFailure } from './exit-reason.js';
import type { ProcessEnd } from './exit-reason.js';
import { OutputLog } from './output-log.js';

export interface Command {
  argv: readonly string[];
  /** absolute path */
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** gets what the process writes to stdout and stderr itself, as it comes */
  onOutput?: (text: string) => void;
  /** a file that holds the last of it */
  outputFile?: string;
}

/** The pipes may hold the last words for a moment after the exit; a grandchild may hold the pipes open for ever. */
const outputGrace = 200;
/** Between SIGTERM and SIGKILL for what a kernel left behind. */
const leftoverGrace = 500;

export class KernelProcess {
  readonly pid: number;
  /** Resolves after the process ended and its output was read. */
  readonly exited: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #output: OutputLog;
  #alive = true;

  private constructor(child: ChildProcess, pid: number, { onOutput, outputFile }: Command) {
    this.pid = pid;
    this.#child = child;
    this.#output = new OutputLog(outputFile);
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = child[name];
      stream?.on('data', (data: Buffer) => {
        this.#output.write(name, data);
        onOutput?.(data.toString());
      });
      // The end of the process tells everything that a broken pipe could.
      stream?.on('error', () => {});
    }
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#alive = false;
        void this.#outputEnded().then(() => {
          this.#output.close();
          resolve({ code, signal, output: this.output, errors: this.#output.errors });
        });
      });
    });
  }

  /**
   * Resolves once the command runs.
   *
   * SIGINT has its default action in the child even if the server ignores it: libuv resets all signals.
   *
   * @throws {Error} with a sentence when it cannot be started
   */
  static async launch(command: Command): Promise<KernelProcess> {
    const { argv, cwd, env } = command;
    const [file = '', ...args] = argv;
    const options = { cwd: await nearestDirectory(cwd), env, detached: true } as const;
    let child: ChildProcess;
    try {
      child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (error) {
      // As it does for want of memory, and for an argument with a NUL.
      throw new Error(launchFailure(error as NodeJS.ErrnoException, file), { cause: error });
    }
    return new Promise((resolve, reject) => {
      // For as long as it lives: a signal that is not permitted is told by an `error`, too, and one that nobody hears ends us.
      child.on('error', (error) => reject(new Error(launchFailure(error, file))));
      child.once('spawn', () => {
        if (child.pid === undefined) reject(new Error(`The command ${file} has no process id.`));
        else resolve(new KernelProcess(child, child.pid, command));
      });
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The last of what it wrote to stdout and stderr. */
  get output(): string {
    return this.#output.text;
  }

  /**
   * Signals the whole group; children that a kernel started are in it.
   *
   * @returns false when the process lives and may not be signalled: it runs as another user
   */
  signal(name: NodeJS.Signals): boolean {
    return this.#signalGroup(name) || !this.#alive || this.#child.kill(name);
  }

  /** Ends what the process left in its group: children may hold its ports and outlive everything. */
  async endLeftovers(): Promise<void> {
    if (this.#alive || !this.#signalGroup('SIGTERM')) return;
    const deadline = Date.now() + leftoverGrace;
    while (this.#signalGroup(0)) {
      if (Date.now() > deadline) {
        this.#signalGroup('SIGKILL');
        return;
      }
      await sleep(10);
    }
  }

  /** False when nobody is left in the group. */
  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.pid, signal);
    } catch {
      // ESRCH: the group is empty. EPERM: its members changed their user and are not ours to signal.
      return false;
    }
  }

  async #outputEnded(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, outputGrace);
      this.#child.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }
}

/** The directory itself, or its nearest parent that exists. */
async function nearestDirectory(path: string): Promise<string> {
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory() || dirname(path) === path) return path;
  return nearestDirectory(dirname(path));
}
