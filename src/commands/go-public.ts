/**
 * `nbserver --public`: asks for a password if there is none. (Address and certificate follow from the option by itself:
 * config/conclude.ts.)
 */
import { passwd } from '../auth/index.js';
import type { LoadedSettings, Settings } from '../config/index.js';
import { askNewPassword } from './ask-password.js';
import { CommandError } from './command.js';
import { shownPath, writeSetting } from './configuration-file.js';

/**
 * @param settings  changed in place
 * @param check     throws when something else stands in the way; called before anybody is asked for a password
 * @throws {CommandError} without a terminal to ask on, with all that is missing
 */
export async function goPublic(settings: Settings, loaded: LoadedSettings, check: () => void): Promise<void> {
  if (settings.password !== '' || settings.password_file !== '') return;
  if (!process.stdin.isTTY) {
    throw new CommandError(
      'A public server needs a password, and there is no terminal to ask for one. Set it with ' +
        '"nbserver passwd --write", or name a file that holds it in NBSERVER_PASSWORD_FILE.',
    );
  }
  check();
  console.error('A public server needs a password: it is asked once, and only its hash is kept.');
  const hash = await passwd(await askNewPassword(process.stdin, process.stderr), 'argon2');
  writeSetting(loaded.configFile, 'password', hash);
  console.error(`Wrote hashed password to ${shownPath(loaded.configFile)}`);
  settings.password = hash;
}
