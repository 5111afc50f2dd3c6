/** The password that a file holds (`password_file`, NBSERVER_PASSWORD_FILE): for containers and scripts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { passwd, passwdCheck } from '../auth/index.js';
import { CommandError } from './command.js';

/**
 * The hash of the file's first line. It is kept in the state directory, so that the sessions of people who are logged
 * in outlive a restart: a new hash of the same password would end them.
 *
 * @throws {CommandError} when the file cannot be read or is empty
 */
export async function passwordFromFile(path: string, stateDirectory: string): Promise<string> {
  const password = readFirstLine(path);
  const kept = join(stateDirectory, 'password_file_hash');
  const known = readKept(kept);
  if (known !== undefined && (await passwdCheck(known, password))) return known;
  const hash = await passwd(password, 'argon2');
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  writeFileSync(kept, hash, { mode: 0o600 });
  return hash;
}

function readFirstLine(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`The password file ${path} cannot be read (${code}).`);
  }
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '')
    throw new CommandError(`The password file ${path} is empty: its first line must be the password.`);
  return line;
}

function readKept(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the first start
  }
}
