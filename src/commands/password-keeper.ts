/** A password that is changed on a page goes where `nbserver passwd --write` puts it, unless something else would win. */
import { isGiven, type LoadedSettings } from '../config/index.js';
import type { PasswordKeeper } from '../server/credentials-router.js';
import { shownPath, writeSetting } from './configuration-file.js';

export function passwordKeeper(loaded: LoadedSettings): PasswordKeeper {
  const { origins, settings, configFile } = loaded;
  const hasHash = isGiven(loaded, 'password') && settings.password !== '';
  return {
    refusal() {
      if (!hasHash && settings.password_file !== '') {
        return `The password comes from ${shownPath(settings.password_file)}: write the new one there and restart the server.`;
      }
      // An empty one, too: at the next start it would win over the file, and leave the server without a password.
      if (/^(flag|env) /.test(origins.password)) {
        return `The password comes from the start of this server (${origins.password}): change it there.`;
      }
      return undefined;
    },
    write(hash) {
      try {
        writeSetting(configFile, 'password', hash);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        throw new Error(
          code === undefined ? message : `${shownPath(configFile)} cannot be written (${code}).`,
          { cause: error },
        );
      }
    },
  };
}
