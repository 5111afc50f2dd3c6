/** A mistake in the configuration, said in one line: where, what, and the nearest thing that would be right. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}
