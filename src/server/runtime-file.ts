/**
 * The file that tells other programs of this server: `jpserver-PID.json` in Jupyter's runtime directory, with the
 * fields of jupyter_server 2, so that `jupyter server list` and `nbserver list` show it.
 */
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RuntimeInfo {
  base_url: string;
  hostname: string;
  password: boolean;
  pid: number;
  port: number;
  root_dir: string;
  secure: boolean;
  sock: string;
  token: string;
  url: string;
  version: string;
  /** Ours: how many seconds its kernels have to end by themselves when it stops. */
  shutdown_wait_time?: number;
  /** Ours: the clock tick at which the process started, so that a reused pid is not taken for it (Linux). */
  process_start?: string;
}

export interface RuntimeFile {
  path: string;
  remove(): void;
}

/** Writes the file, mode 0600, keys sorted, two-space indent, as jupyter_server does. */
export function writeRuntimeFile(runtimeDir: string, info: RuntimeInfo): RuntimeFile {
  mkdirSync(runtimeDir, { recursive: true, mode: 0o700 });
  const path = join(runtimeDir, `jpserver-${info.pid}.json`);
  const start = processStart(info.pid);
  const full: RuntimeInfo = start ? { ...info, process_start: start } : info;
  const sorted = Object.fromEntries(Object.entries(full).sort(([a], [b]) => (a < b ? -1 : 1)));
  rmSync(path, { force: true });
  writeFileSync(path, JSON.stringify(sorted, null, 2), { mode: 0o600, flag: 'wx' });
  chmodSync(path, 0o600);
  return { path, remove: () => rmSync(path, { force: true }) };
}

/** The servers that run now. Files of dead processes are removed on the way; unreadable ones are left alone. */
export function runningServers(runtimeDir: string): RuntimeInfo[] {
  const found: RuntimeInfo[] = [];
  let names: string[] = [];
  try {
    names = readdirSync(runtimeDir);
  } catch {
    // No directory: no server ever ran here.
  }
  for (const name of names.filter((each) => /^(jpserver|nbserver)-\d+\.json$/.test(each)).sort()) {
    const path = join(runtimeDir, name);
    const info = readRuntimeFile(path);
    if (!info) continue;
    if (isAlive(info)) found.push(info);
    else rmSync(path, { force: true });
  }
  return found;
}

function readRuntimeFile(path: string): RuntimeInfo | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const info = value as Partial<RuntimeInfo> & { notebook_dir?: string };
    if (typeof info.url !== 'string' || typeof info.port !== 'number') return undefined;
    const pid = typeof info.pid === 'number' ? info.pid : Number(/-(\d+)\.json$/.exec(path)?.[1]);
    return {
      base_url: info.base_url ?? '/',
      hostname: info.hostname ?? 'localhost',
      password: info.password ?? false,
      pid,
      port: info.port,
      root_dir: info.root_dir ?? info.notebook_dir ?? '',
      secure: info.secure ?? false,
      sock: info.sock ?? '',
      token: info.token ?? '',
      url: info.url,
      version: info.version ?? '',
      ...(typeof info.shutdown_wait_time === 'number' ? { shutdown_wait_time: info.shutdown_wait_time } : {}),
      ...(typeof info.process_start === 'string' ? { process_start: info.process_start } : {}),
    };
  } catch {
    // Half-written, or another program's: not ours to judge or to delete.
    return undefined;
  }
}

function isAlive(info: RuntimeInfo): boolean {
  try {
    process.kill(info.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const start = processStart(info.pid);
  return !info.process_start || !start || info.process_start === start;
}

/** Field 22 of /proc/PID/stat: when the process started, in clock ticks since boot. Undefined where there is no /proc. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name, in parentheses, may hold spaces: count from behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
