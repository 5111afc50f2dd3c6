/**
 * A subclass of the built-in store that writes down who changed what: one line for each change in a journal file.
 *
 *     { "NotebookApp": { "notebook_manager_class": "./journal-store.mjs" },
 *       "JournalNotebookManager": { "journal": "/var/log/notebooks.log" } }
 */
import { appendFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';

export default ({ FileNotebookManager }) =>
  class JournalNotebookManager extends FileNotebookManager {
    /** Without a trash everything that is deleted passes `remove`, and is written down. */
    trash = undefined;
    #journal;

    constructor(options) {
      super(options);
      this.#journal = options.journal ?? join(options.notebook_dir, '.journal');
    }

    infoString() {
      return `${super.infoString()} (changes are written down in ${this.#journal})`;
    }

    async write(path, body, when) {
      const entry = await super.write(path, body, when);
      await this.#note('write', path, `${entry.size} bytes`);
      return entry;
    }

    async makeDirectory(path) {
      const entry = await super.makeDirectory(path);
      await this.#note('make', path);
      return entry;
    }

    async rename(from, to) {
      const entry = await super.rename(from, to);
      await this.#note('rename', from, `to ${JSON.stringify(to)}`);
      return entry;
    }

    async remove(path, options) {
      await super.remove(path, options);
      await this.#note('remove', path);
    }

    async #note(action, path, more = '') {
      const line = [new Date().toISOString(), userInfo().username, action, JSON.stringify(path), more];
      await appendFile(this.#journal, `${line.join(' ').trimEnd()}\n`);
    }
  };
