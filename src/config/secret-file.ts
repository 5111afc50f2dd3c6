/** Secrets that a server makes for itself: 32 random bytes in a file that only its owner reads, kept over restarts. */
import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Log } from '../log.js';

/**
 * Reads the secret of a file, or makes it.
 *
 * @param consequence  what happens when the file is removed, for messages: "everyone logs in again"
 * @returns base64 of at least 32 bytes
 * @throws {Error} a sentence that names the file, when it cannot be read, is a link, or is too short
 */
export async function readOrMakeSecret(file: string, consequence: string, log: Log): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const existing = await read(file, consequence, log);
  if (existing !== undefined) return existing;

  const secret = randomBytes(32).toString('base64');
  const draft = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // A link appears whole or not at all; when two servers start at once, both use the first one's.
    await link(draft, file);
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await read(file, consequence, log)) ?? secret;
  } finally {
    await unlink(draft);
  }
}

async function read(file: string, consequence: string, log: Log): Promise<string | undefined> {
  let stat;
  try {
    stat = await lstat(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!stat.isFile()) throw new Error(`${file} is not a plain file. Remove it, and a new secret is made.`);
  if ((stat.mode & 0o077) !== 0) {
    log.warn(`${file} was readable by others; it is private now. To be safe, remove it: ${consequence}.`);
    await chmod(file, 0o600);
  }
  const secret = (await readFile(file, 'utf8')).trim();
  if (Buffer.from(secret, 'base64').length < 32) {
    throw new Error(`${file} is too short for a secret. Remove it, and a new one is made.`);
  }
  return secret;
}
