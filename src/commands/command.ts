/** The shape of a command module: yargs' own, so that a command is four named things and no class. */
import type { CommandModule } from 'yargs';

/**
 * One command of `nbserver`, for example
 *
 *     export const listCommand: Command<{ json: boolean }> = {
 *       command: 'list',
 *       describe: 'List the notebook servers that run here',
 *       builder: (yargs) => yargs.option('json', { type: 'boolean', default: false, describe: '…' }),
 *       handler: async ({ json }) => { … },
 *     };
 *
 * `main.ts` loads the module only when its command is asked for. A handler that returns means exit code 0; it
 * throws {@link CommandError} for everything the user can put right.
 */
export interface Command<Args = object> extends CommandModule<object, Args> {
  command: string;
  describe: string;
}

/** Printed by `main.ts` as one line on stderr, without a stack; the process then ends with `exitCode`. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}
