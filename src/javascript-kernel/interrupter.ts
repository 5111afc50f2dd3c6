/** Interrupts the main thread from the worker: first by a message, and when nobody reads it, by terminating what spins. */
import inspector from 'node:inspector';
import type { WorkerToMain } from './thread-messages.js';

/** How long the main thread has to read a message before it counts as spinning, in ms. */
const patience = 40;
/** Some user code catches a termination's aftermath and spins again at once; ten seconds are enough to give up. */
const mostAttempts = 250;

export class Interrupter {
  readonly #post: (message: WorkerToMain) => void;
  readonly #session = new inspector.Session();
  #attempt = 0;
  #seen = 0;

  constructor(post: (message: WorkerToMain) => void) {
    this.#post = post;
    this.#session.connectToMainThread();
  }

  /** Interrupts request `id` of `cell`, or (null, 0) whatever spins beside the requests. */
  async interrupt(id: number | null, cell: number): Promise<boolean> {
    for (let i = 0; i < mostAttempts; i++) {
      const attempt = ++this.#attempt;
      this.#post({ kind: 'interrupt', attempt, id, cell });
      await new Promise((resolve) => setTimeout(resolve, patience));
      if (this.#seen >= attempt) return true;
      this.#session.post('Runtime.terminateExecution');
    }
    return false;
  }

  /** The main thread has read the message of `attempt`. */
  seen(attempt: number): void {
    this.#seen = Math.max(this.#seen, attempt);
  }

  close(): void {
    this.#session.disconnect();
  }
}
