/**
 * How long tests wait for what is to happen. A test never measures how long something takes: these only end what hangs,
 * also on a machine that is five times as slow or that others use, too.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds for one thing to happen: a text on a page, a message, the end of a process. */
export const PATIENCE = 90_000;

/** Milliseconds for a whole command of `nbserver`, or for a server until it is up or down: less than a test has. */
export const COMMAND_PATIENCE = 240_000;

/** Resolves as soon as something holds; rejects with its source text when it does not within `PATIENCE`. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`It did not become true: ${holds.toString()}`);
    await sleep(20);
  }
}
