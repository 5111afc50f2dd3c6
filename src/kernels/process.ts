/** A kernel's process: started in a process group of its own, signalled as a group, its last words kept. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchFailure } from './exit-reason.js';
import type { ExitFacts } from './exit-reason.js';

export interface Command {
  argv: readonly string[];
  /** absolute path */
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** gets what the process writes to stdout and stderr itself, as it comes */
  onOutput?: (text: string) => void;
}

/** Bytes of stdout and stderr that are kept to say why a kernel ended. */
const keptOutput = 65_536;
/** The pipes may hold the last words for a moment after the exit; a grandchild may hold the pipes open for ever. */
const outputGrace = 200;
/** Between SIGTERM and SIGKILL for what a kernel left behind. */
const leftoverGrace = 500;

export class KernelProcess {
  readonly pid: number;
  /** Resolves after the process ended and its output was read. */
  readonly exited: Promise<ExitFacts>;
  readonly #child: ChildProcess;
  #alive = true;
  #output: Buffer[] = [];
  #outputLength = 0;

  private constructor(child: ChildProcess, pid: number, onOutput?: (text: string) => void) {
    this.pid = pid;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        this.#keep(data);
        onOutput?.(data.toString());
      });
      // The end of the process tells everything that a broken pipe could.
      stream?.on('error', () => {});
    }
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#alive = false;
        void this.#outputEnded().then(() => resolve({ code, signal, output: this.output }));
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
  static async launch({ argv, cwd, env, onOutput }: Command): Promise<KernelProcess> {
    const [file = '', ...args] = argv;
    const child = spawn(file, args, {
      cwd: await nearestDirectory(cwd),
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new Error(launchFailure(error, file))));
      child.once('spawn', () => {
        if (child.pid === undefined) reject(new Error(`The command ${file} has no process id.`));
        else resolve(new KernelProcess(child, child.pid, onOutput));
      });
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The last of what it wrote to stdout and stderr. */
  get output(): string {
    return Buffer.concat(this.#output).toString();
  }

  /** Signals the whole group; children that a kernel started are in it. */
  signal(name: NodeJS.Signals): void {
    if (!this.#signalGroup(name) && this.#alive) this.#child.kill(name);
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

  #keep(data: Buffer): void {
    this.#output.push(data);
    this.#outputLength += data.length;
    if (this.#outputLength < 2 * keptOutput) return;
    const kept = Buffer.concat(this.#output).subarray(-keptOutput);
    this.#output = [Buffer.from(kept)];
    this.#outputLength = kept.length;
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
