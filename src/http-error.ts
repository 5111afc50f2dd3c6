/** The one error that carries an HTTP status, for every place that answers a client. */

const brand: unique symbol = Symbol.for('nbserver.HttpError') as never;

/**
 * An error with a status and a sentence that its reader can act on.
 *
 * The API answers it as `{"message": ..., "reason": ...}` (Jupyter's shape); pages render it for people.
 * `reason` is Jupyter's short machine word (`bad type`, `bad format`) or null.
 * `extra` is merged into the JSON body (for example `short_message` when a kernel does not start).
 */
export class HttpError extends Error {
  /** A store may come with a copy of the package of its own, whose class is another one. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }

  readonly [brand] = true;
  readonly status: number;
  readonly reason: string | null;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    message: string,
    reason: string | null = null,
    extra: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.reason = reason;
    this.extra = extra;
  }

  /** The JSON body that the API answers. */
  toBody(): Record<string, unknown> {
    return { message: this.message, reason: this.reason, ...this.extra };
  }
}
