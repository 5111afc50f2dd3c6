/**
 * Keeps what is needed to say that a kernel died for lack of memory: how often the system ended a process for that, and
 * the most memory that the kernel was seen with. Both are gone, or changed, once the process has ended.
 */
import { readFile } from 'node:fs/promises';

export interface MemoryFacts {
  /** the system ended a process for lack of memory in the last seconds of this one (20, where it did nothing) */
  outOfMemory: boolean;
  /** bytes; undefined where it cannot be told */
  peak: number | undefined;
}

/** Where the facts are; tests have their own. */
export interface MemorySources {
  proc: string;
  cgroup: string;
}

const system: MemorySources = { proc: '/proc', cgroup: '/sys/fs/cgroup' };
/** ms between looks at a kernel that works */
const usualInterval = 1000;
/** A kernel that rests is looked at so much more rarely. */
const restFactor = 10;

export class MemoryWatch {
  readonly #pid: number;
  readonly #sources: MemorySources;
  /** counts of such ends, the older one first: a look may fall between the end of this process and its news */
  #counts: [older: Promise<number>, newer: Promise<number>];
  readonly #timer: NodeJS.Timeout;
  #peak: number | undefined;

  /** @param isWorking  a kernel that rests hardly gets any bigger */
  constructor(
    pid: number,
    isWorking: () => boolean,
    sources: MemorySources = system,
    interval = usualInterval,
  ) {
    this.#pid = pid;
    this.#sources = sources;
    const count = countKills(sources);
    this.#counts = [count, count];
    let ticks = 0;
    this.#timer = setInterval(() => {
      if (isWorking() || this.#peak === undefined || ++ticks % restFactor === 0) void this.#look();
    }, interval);
    this.#timer.unref();
  }

  /** To be called after the end of the process; the watch is over then. */
  async conclude(): Promise<MemoryFacts> {
    clearInterval(this.#timer);
    const [before, after] = await Promise.all([this.#counts[0], countKills(this.#sources)]);
    return { outOfMemory: after > before, peak: this.#peak };
  }

  async #look(): Promise<void> {
    // What happened to others before, maybe hours ago, says nothing about this one.
    this.#counts = [this.#counts[1], countKills(this.#sources)];
    const status = await readFile(`${this.#sources.proc}/${this.#pid}/status`, 'utf8').catch(() => '');
    const kilobytes = /^VmHWM:\s*(\d+) kB/m.exec(status)?.[1];
    if (kilobytes !== undefined) this.#peak = Number(kilobytes) * 1024;
  }
}

/**
 * Every counter of such ends that can be read: of the control group (version 2 `memory.events`, version 1
 * `memory.oom_control`), and of the whole system. In a container only some of them can be seen.
 */
async function countKills({ proc, cgroup }: MemorySources): Promise<number> {
  const groups = await readFile(`${proc}/self/cgroup`, 'utf8').catch(() => '');
  const files = new Set([`${proc}/vmstat`, `${cgroup}/memory.events`, `${cgroup}/memory/memory.oom_control`]);
  for (const line of groups.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === '') files.add(`${cgroup}${path}/memory.events`);
    if (controllers?.split(',').includes('memory')) files.add(`${cgroup}/memory${path}/memory.oom_control`);
  }
  const counts = await Promise.all(
    [...files].map(async (file) => {
      // Most of these files do not exist here.
      const text = await readFile(file, 'utf8').catch(() => '');
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
