/**
 * What the processes of kernels and terminals use, read from /proc: each one's process with everything below it or in its group.
 *
 * All are measured in one walk, and no command is started for it. Memory is the sum of resident sets, so what
 * processes share is counted in each of them.
 */
import { readdir, readFile } from 'node:fs/promises';
import type { ProcessUse } from './protocol/rest-models.js';

/** `?resources=1`: what processes use is read only for who wants to see it. */
export function asksForResources({ resources }: Record<string, unknown>): boolean {
  return resources === '1' || resources === 'true';
}

interface ProcessFacts {
  pid: number;
  parent: number;
  group: number;
  /** user and system time, in seconds */
  cpu: number;
}

interface Measurement {
  cpu: number;
  /** ms */
  at: number;
  percent: number | null;
}

/** Two pages that ask at the same time get the same share. ms */
const shortest = 500;
/** Linux counts CPU time in hundredths of a second for user programs (USER_HZ), on every architecture. */
const ticksPerSecond = 100;

export class ProcessResources {
  readonly #proc: string;
  /** of the last measurement, by process id of the root */
  readonly #last = new Map<number, Measurement>();

  constructor(proc = '/proc') {
    this.#proc = proc;
  }

  /**
   * By process id. CPU is measured since the last call; a process that is new to us has none yet.
   *
   * @returns nothing where there is no /proc
   */
  async measure(roots: readonly number[]): Promise<Map<number, ProcessUse>> {
    const result = new Map<number, ProcessUse>();
    if (roots.length === 0) return result;
    const processes = await this.#processes();
    const at = performance.now();
    this.#forgetOthers(processes);
    for (const root of roots) {
      const members = treeOf(root, processes);
      if (members.length === 0) continue;
      const memory = await Promise.all(members.map(({ pid }) => this.#residentBytes(pid)));
      const cpu = members.reduce((sum, one) => sum + one.cpu, 0);
      const percent = this.#percent(root, cpu, at);
      result.set(root, {
        processes: members.length,
        memory: memory.reduce((sum, bytes) => sum + bytes, 0),
        cpu_time: Math.round(cpu * 100) / 100,
        cpu_percent: percent === null ? null : Math.round(percent * 10) / 10,
      });
    }
    return result;
  }

  /** Since the last measurement; one that was just made is too short to measure from. */
  #percent(root: number, cpu: number, at: number): number | null {
    const before = this.#last.get(root);
    if (before && at - before.at < shortest) return before.percent;
    // Time of a child that ended goes away with it: never less than nothing.
    const percent = before ? Math.max(0, ((cpu - before.cpu) / (at - before.at)) * 100_000) : null;
    this.#last.set(root, { cpu, at, percent });
    return percent;
  }

  #forgetOthers(processes: readonly ProcessFacts[]): void {
    const alive = new Set(processes.map(({ pid }) => pid));
    for (const root of this.#last.keys()) if (!alive.has(root)) this.#last.delete(root);
  }

  async #processes(): Promise<ProcessFacts[]> {
    const names = await readdir(this.#proc).catch(() => []);
    const all = await Promise.all(
      names.filter((name) => /^\d+$/.test(name)).map((name) => this.#facts(Number(name))),
    );
    return all.filter((one) => one !== undefined);
  }

  async #facts(pid: number): Promise<ProcessFacts | undefined> {
    // A process may end while we look.
    const stat = await readFile(`${this.#proc}/${pid}/stat`, 'utf8').catch(() => '');
    // The second field is the command in parentheses and may hold anything (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [, parent, group] = fields.map(Number);
    if (parent === undefined || group === undefined) return undefined;
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { pid, parent, group, cpu: ticks / ticksPerSecond };
  }

  async #residentBytes(pid: number): Promise<number> {
    const status = await readFile(`${this.#proc}/${pid}/status`, 'utf8').catch(() => '');
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }
}

/** A process, those it started and theirs, and what is still in its group after its parent ended. */
function treeOf(root: number, processes: readonly ProcessFacts[]): ProcessFacts[] {
  const members = new Set([root]);
  for (let before = 0; before < members.size;) {
    before = members.size;
    for (const { pid, parent, group } of processes) {
      if (group === root || members.has(parent)) members.add(pid);
    }
  }
  return processes.filter(({ pid }) => members.has(pid));
}
