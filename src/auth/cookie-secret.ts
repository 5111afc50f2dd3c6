/** The key that signs cookies, kept in a folder, so that logins survive a restart. */
import { join } from 'node:path';

import { readOrMakeSecret } from '../config/index.js';
import type { Log } from '../log.js';

/** @returns base64 of at least 32 bytes @throws as `readOrMakeSecret` */
export async function cookieSecret(directory: string, log: Log): Promise<string> {
  return readOrMakeSecret(join(directory, 'cookie-secret'), 'everyone logs in again', log);
}
