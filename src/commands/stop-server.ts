/** Stops a running server: asks it over its API first, then by signals (jupyter_server's order). */
import { setTimeout as wait } from 'node:timers/promises';
import type { RuntimeInfo } from '../server/runtime-file.js';
import { askLocally } from './ask-locally.js';

/** What a server needs beside the wait for its kernels, to save and to close, in seconds. */
const CLOSING = 10;
/** Of servers that do not tell: the wait for kernels is 5 s by default. */
const USUAL_WAIT = 5;

/** Resolves when the process has ended. @throws Error with a sentence when even SIGKILL does not help */
export async function stopServer(server: RuntimeInfo): Promise<void> {
  // Kernels end and notebooks are saved meanwhile: to be killed earlier would lose what is not saved.
  const patience = 1000 * ((server.shutdown_wait_time ?? USUAL_WAIT) + CLOSING);
  const asked = await askLocally(server, { timeout: 3_000 })('api/shutdown', 'POST').catch(() => undefined);
  // refused or unreachable: the signals decide
  if (asked?.status === 200 && (await ended(server.pid, patience))) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(server.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw new Error(
        `The server with process id ${server.pid} belongs to another user; only that user can stop it.`,
        { cause: error },
      );
    }
    if (await ended(server.pid, signal === 'SIGTERM' ? patience : 5_000)) return;
  }
  throw new Error(`The server with process id ${server.pid} does not end, even on SIGKILL.`);
}

async function ended(pid: number, milliseconds: number): Promise<boolean> {
  for (const until = Date.now() + milliseconds; Date.now() < until; await wait(100)) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
    }
  }
  return false;
}
