/**
 * What a server leaves behind when it is killed: its connection files, and kernels that do not watch their parent. Each
 * server records them in one file, and the next one cleans up after those that are gone.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Log } from '../log.js';
import { messageOf } from '../message-of.js';
import { runtimeFileName } from './connection-file.js';

interface ProcessMark {
  pid: number;
  /** start time as the system counts it; with it a process id that was given out again is recognised */
  started: string;
}

interface RecordFile extends ProcessMark {
  /** without a mark, a kernel was about to be launched */
  kernels: (Partial<ProcessMark> & { connectionFile: string })[];
}

/** ms */
const outputAge = 7 * 24 * 3_600_000;

/** Also one that was being written. */
const recordName = /^nbserver-kernels-\d+\.json(\.new)?$/;

export class KernelRecords {
  readonly #runtimeDir: string;
  readonly #file: string;
  readonly #log: Log;
  readonly #kernels = new Map<string, ProcessMark | undefined>();

  constructor(runtimeDir: string, log: Log) {
    this.#runtimeDir = runtimeDir;
    this.#file = join(runtimeDir, `nbserver-kernels-${process.pid}.json`);
    this.#log = log;
  }

  /** The files of a kernel are about to be made, and its process is to follow. */
  expect(connectionFile: string): void {
    if (this.#kernels.has(connectionFile)) return;
    this.#kernels.set(connectionFile, undefined);
    this.#write();
  }

  /** @param pid  undefined: there is no process and no file any more */
  set(connectionFile: string, pid: number | undefined): void {
    if (pid === undefined) this.#kernels.delete(connectionFile);
    else this.#kernels.set(connectionFile, markOf(pid));
    this.#write();
  }

  close(): void {
    this.#kernels.clear();
    this.#write();
  }

  #write(): void {
    try {
      if (this.#kernels.size === 0) {
        rmSync(this.#file, { force: true });
        return;
      }
      const kernels = [...this.#kernels].map(([connectionFile, mark]) => ({ connectionFile, ...mark }));
      const record: RecordFile = { ...markOf(process.pid), kernels };
      mkdirSync(this.#runtimeDir, { recursive: true, mode: 0o700 });
      // Renamed into place: another server that starts just now must not read half of it.
      writeFileSync(`${this.#file}.new`, JSON.stringify(record), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      // The kernels run all the same; only the cleaning after a killed server is lost.
      this.#log.warn(`Could not write ${this.#file}: ${messageOf(error)}`);
    }
  }
}

/**
 * Removes the connection files of servers that are gone, and ends kernels of theirs that still run.
 *
 * @returns how many kernels had left something
 */
export async function cleanStaleConnectionFiles(runtimeDir: string): Promise<number> {
  const names = await readdir(runtimeDir).catch(() => []);
  let removed = 0;
  for (const name of names.filter((one) => recordName.test(one))) {
    const file = join(runtimeDir, name);
    const record = parseRecord(await readFile(file, 'utf8').catch(() => ''));
    if (record && isRunning(record)) continue;
    // Half of one may be another server's that is writing it in this moment.
    if (!record && name.endsWith('.new') && exists(Number(/\d+/.exec(name)))) continue;
    for (const kernel of record?.kernels ?? []) {
      if (isMark(kernel) && isRunning(kernel)) endGroup(kernel.pid);
      // Only files of ours in this directory, whatever the record says.
      const base = basename(kernel.connectionFile);
      if (!runtimeFileName.test(base) || !base.endsWith('.json')) continue;
      const own = `${base.slice(0, -'.json'.length)}`;
      for (const name of names) {
        const isOwn = name.startsWith(`${own}.`) || name.startsWith(`${own}-ipc-`);
        if (isOwn && runtimeFileName.test(name)) await rm(join(runtimeDir, name), { force: true });
      }
      removed += 1;
    }
    await rm(file, { force: true });
  }
  await removeOldOutput(runtimeDir, names);
  return removed;
}

/** The last words of kernels that died before their server was killed: nobody reads them after a week. */
async function removeOldOutput(runtimeDir: string, names: readonly string[]): Promise<void> {
  for (const name of names.filter((one) => runtimeFileName.test(one) && one.endsWith('.log'))) {
    const file = join(runtimeDir, name);
    const facts = await stat(file).catch(() => undefined);
    if (facts && Date.now() - facts.mtimeMs > outputAge) await rm(file, { force: true });
  }
}

function parseRecord(text: string): RecordFile | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isMark(value) || !Array.isArray(value.kernels)) return undefined;
    const kernels = (value.kernels as unknown[]).flatMap((one) => {
      const file: unknown = isObject(one) ? one.connectionFile : undefined;
      if (typeof file !== 'string') return [];
      return [
        isMark(one) ? { pid: one.pid, started: one.started, connectionFile: file } : { connectionFile: file },
      ];
    });
    return { pid: value.pid, started: value.started, kernels };
  } catch {
    // Cut short when its server was killed: it names nothing that could be cleaned.
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isMark(value: unknown): value is ProcessMark & Record<string, unknown> {
  if (!isObject(value)) return false;
  const { pid, started } = value;
  return Number.isInteger(pid) && Number(pid) >= 1 && typeof started === 'string';
}

function markOf(pid: number): ProcessMark {
  return { pid, started: startTime(pid) ?? '' };
}

function isRunning({ pid, started }: ProcessMark): boolean {
  return exists(pid) && startTime(pid) === (started === '' ? undefined : started);
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // ESRCH; with EPERM it is a process of somebody else, so not ours either.
    return false;
  }
}

/** Clock ticks after the boot, on Linux; elsewhere the process id has to do. */
function startTime(pid: number): string | undefined {
  try {
    // The second field is the command in parentheses and may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
    // A zombie is no running process.
    return fields?.[0] === 'Z' ? undefined : fields?.[19];
  } catch {
    // No /proc, or no such process.
    return undefined;
  }
}

function endGroup(pid: number): void {
  // Minus one would be every process there is.
  if (pid <= 1) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}
