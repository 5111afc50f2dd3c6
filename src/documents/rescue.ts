/** Where unsaved work goes when its store refuses it for the last time: a file of this machine, for its owner alone. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';

/** A name may have 255 bytes, and a character up to four of them in UTF-8. */
const LONGEST_NAME = 50;

/** @returns the path of the file */
export async function rescue(path: string, bytes: Uint8Array): Promise<string> {
  const name = posix.basename(path).slice(-LONGEST_NAME);
  const file = join(tmpdir(), `nbserver-rescued-${randomBytes(6).toString('hex')}-${name}`);
  await writeFile(file, bytes, { flag: 'wx', mode: 0o600 });
  return file;
}
