/** Ends what a server is made of, the last part first. */
import type { Log } from '../log.js';
import { messageOf } from '../message-of.js';

export interface Part {
  close(): void | Promise<void>;
}

/**
 * Empties the list. One part that fails keeps no other open: kernels are still to be ended and notebooks to be saved.
 *
 * @throws the first error, once all are closed; each is in the log
 */
export async function closeAll(parts: Part[], log: Pick<Log, 'error'>): Promise<void> {
  let first: { error: unknown } | undefined;
  for (let part = parts.pop(); part; part = parts.pop()) {
    try {
      await part.close();
    } catch (error) {
      log.error(`A part of the server did not close: ${messageOf(error)}`);
      first ??= { error };
    }
  }
  if (first) throw first.error;
}
