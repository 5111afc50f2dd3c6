/** Whether a process runs; one that ended and was not waited for does not. */
import { readFileSync } from 'node:fs';

export function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // There is none.
    return false;
  }
}
