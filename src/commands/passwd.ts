/**
 * `nbserver passwd [TEXT]`: the hash of a password for the configuration file, as IPython's `passwd()` gave it; with
 * `--write`, straight into that file.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { passwd } from '../auth/index.js';
import { askNewPassword, readOneLine } from './ask-password.js';
import { CommandError } from './command.js';
import type { Command } from './command.js';
import { chosenFile, shownPath, writeSetting } from './configuration-file.js';

interface Args {
  text?: string;
  algorithm?: 'sha1' | 'argon2';
  write: boolean;
  config?: string;
  profile?: string;
}

export const passwdCommand: Command<Args> = {
  command: 'passwd [text]',
  describe: 'Make the hash of a password for the configuration file',
  builder: (yargs) =>
    yargs
      .positional('text', { type: 'string', describe: 'The password; asked for when it is not given' })
      .option('algorithm', {
        choices: ['sha1', 'argon2'] as const,
        describe: 'sha1 is what the classic notebook printed; argon2 is stronger, and what --write stores',
      })
      .option('write', {
        type: 'boolean',
        default: false,
        describe: 'Write the hash into the configuration file',
      })
      .option('config', {
        type: 'string',
        requiresArg: true,
        describe: 'Write it into this file (with or without --write)',
      })
      .option('profile', {
        type: 'string',
        requiresArg: true,
        describe: 'Write it into the file of this profile (with or without --write)',
      }),
  handler: async (args) => {
    const isChosen = args.config !== undefined || args.profile !== undefined;
    const file = args.write || isChosen ? existingChoice(args) : undefined;
    const algorithm = args.algorithm ?? (file === undefined ? 'sha1' : 'argon2');
    const hash = await hashOf(await passwordFrom(args.text), algorithm);
    if (file === undefined) {
      console.log(hash);
      advise(algorithm);
    } else {
      writeSetting(file, 'password', hash);
      console.error(`Wrote hashed password to ${shownPath(file)}`);
    }
  },
};

/** With --write a profile is made that is not there; without, its name is a slip of the pen more often than a wish. */
function existingChoice(args: Args): string {
  const file = chosenFile(args);
  if (!args.write && args.profile !== undefined && !existsSync(dirname(file)))
    throw new CommandError(
      `There is no profile "${args.profile}": make it with "nbserver profile create ${args.profile}".`,
    );
  return file;
}

async function passwordFrom(text: string | undefined): Promise<string> {
  if (text !== undefined) {
    note(
      'The history of your shell may keep this password. Without it on the line, "nbserver passwd" asks for it.',
    );
    return text;
  }
  return process.stdin.isTTY ? askNewPassword(process.stdin, process.stderr) : readOneLine(process.stdin);
}

async function hashOf(password: string, algorithm: 'sha1' | 'argon2'): Promise<string> {
  try {
    return await passwd(password, algorithm);
  } catch (error) {
    // Empty or far too long; the message says which.
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

function advise(algorithm: 'sha1' | 'argon2'): void {
  note('Put it into the configuration file as "password", or let --write do that.');
  if (algorithm === 'sha1')
    note('A stolen argon2 hash is much harder to guess from: "nbserver passwd --algorithm argon2".');
}

function note(text: string): void {
  console.error(text);
}
