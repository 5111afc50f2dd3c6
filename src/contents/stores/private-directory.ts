/** Directories for this user alone among the temporary ones, where the place beside a file takes nothing. */
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpError } from '../../http-error.js';

const temporary = tmpdir();
const user = process.getuid?.() ?? 0;

/** Its path; it need not exist. */
export function privateDirectory(purpose: string): string {
  return join(temporary, `nbserver-${purpose}-${user}`);
}

/**
 * Anybody can make a name in the temporary directory; what is not ours alone gets none of our content.
 *
 * @throws HttpError 403
 */
export async function makePrivateDirectory(purpose: string): Promise<string> {
  const directory = privateDirectory(purpose);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const stats = await lstat(directory);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.() || (stats.mode & 0o077) !== 0) {
    throw new HttpError(403, `Nothing can be kept there: ${directory} belongs to somebody else`);
  }
  return directory;
}
