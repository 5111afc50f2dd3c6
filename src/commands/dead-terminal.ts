/** Lets go of a terminal that was closed while the process went on. */
import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** What was a terminal when Node started, which means to put its state back when it ends. */
const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));

/**
 * Node aborts in `exit()` when that fails: a server that outlived its window would end with a core dump (134) on SIGTERM.
 * Descriptors that are closed it leaves alone.
 */
export function leaveDeadTerminals(): void {
  for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
}
