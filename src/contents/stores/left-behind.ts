/** Removes what is left in a directory of writes that a kill ended: new bytes that nobody will put in place any more. */
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stagePrefix } from './write-places.js';

/** ms without a change, after which a write is nobody's any more; another server may be writing here, too */
const ABANDONED_MS = 10 * 60_000;

const LEFT = /^\.nbserver-[0-9a-f]{16}(-[0-9a-f]{8})?\.tmp$/;

export class LeftBehind {
  readonly #cleared = new Set<string>();

  /** Called before each write; looks at a directory once, since only a server that was killed leaves anything. */
  async clear(directory: string): Promise<void> {
    if (this.#cleared.has(directory)) return;
    this.#cleared.add(directory);
    // a directory that may not be read keeps what is in it
    const names = await readdir(directory).catch(() => []);
    // A file that was being overwritten is finished from its new bytes when it is opened next.
    const needed = names.filter((name) => name.startsWith('.~')).map((name) => stagePrefix(name.slice(2)));
    for (const name of names) {
      if (!LEFT.test(name) || needed.some((prefix) => name.startsWith(prefix))) continue;
      const location = join(directory, name);
      const stats = await lstat(location).catch(() => undefined);
      // Not the time of the content: `.old` is another name of a file that may be old.
      if (stats === undefined || Date.now() - stats.ctimeMs < ABANDONED_MS) continue;
      // what may not be removed stays; the write itself does not need it gone
      await rm(location, { force: true }).catch(() => undefined);
    }
  }
}
