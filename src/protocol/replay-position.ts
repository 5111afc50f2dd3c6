/**
 * How a client of kernel channels names the place it has come to, so that it gets exactly the rest after a lost connection.
 *
 * The server numbers a kernel's messages. A client that opens `channels?session_id=…&after=` (with a number, or empty for
 * the first time) is told by a message of type `nbserver_replay` on iopub which number the message before the next one has;
 * each message counts one more, until the next such message. When it connects again it sends `after=` with its number.
 * `missed` says how many messages before the next one are lost for good: they were too many, or the server is another one.
 * A client that does not send `after` gets the message only where something is lost.
 */

export const replayMessageType = 'nbserver_replay';

export interface ReplayContent {
  /** number of the message before the next one */
  sequence: number;
  /** messages that are lost before the next one; null: nobody knows how many */
  missed: number | null;
}

/** Counts what a client receives. Pure. */
export class ReplayPosition {
  #sequence: number | undefined;

  /** What to send as `after`. */
  get after(): string {
    return this.#sequence === undefined ? '' : String(this.#sequence);
  }

  /**
   * Call it for every message in turn.
   *
   * @param type     `msg_type` of its header
   * @param content  its content, read only where the type is ours
   * @returns what is lost before the next message, where something is
   */
  count(type: string, content: () => unknown): { missed: number | null } | undefined {
    if (type !== replayMessageType) {
      if (this.#sequence !== undefined) this.#sequence += 1;
      return undefined;
    }
    const { sequence, missed } = content() as Partial<ReplayContent>;
    if (typeof sequence !== 'number') return undefined;
    this.#sequence = sequence;
    return missed === null || (missed !== undefined && missed > 0) ? { missed } : undefined;
  }
}
