/** `nbserver trust`: the outputs of these notebooks may show and do what they contain. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';

import { jupyterDirectories } from '../config/index.js';
import { NotebookTrust } from '../contents/index.js';
import { messageOf } from '../message-of.js';
import { notebookProblem, readNotebook } from '../notebook/index.js';
import { CommandError } from './command.js';
import type { Command } from './command.js';

interface Args {
  files: string[];
}

export const trustCommand: Command<Args> = {
  command: 'trust <files..>',
  describe: 'Trust the outputs of notebooks, so that their scripts may run',
  builder: (yargs) =>
    yargs.positional('files', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Notebooks; each stays as it is on disk',
    }),
  handler: async ({ files }) => {
    const directories = jupyterDirectories({ env: process.env, home: homedir(), platform: process.platform });
    const trust = new NotebookTrust({ stateDirectory: directories.state });
    const failed: string[] = [];
    for (const path of files) {
      try {
        const file = readNotebook(await readFile(path));
        const foreign = await trust.foreignCells(file);
        await trust.sign(file);
        console.log(
          foreign.size === 0 ? `${path}: was trusted already` : `${path}: ${cells(foreign.size)} trusted now`,
        );
      } catch (error) {
        failed.push(`${path}: ${reasonOf(error)}`);
      }
    }
    await trust.close();
    if (failed.length > 0) throw new CommandError(failed.join('\n'));
  },
};

function cells(count: number): string {
  return count === 1 ? 'one cell is' : `${count} cells are`;
}

function reasonOf(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'there is no such file';
  return notebookProblem(error) ?? messageOf(error);
}
