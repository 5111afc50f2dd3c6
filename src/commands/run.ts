/**
 * `nbserver run NOTEBOOK`: runs all cells as a page would, through a live document of its own server, or of the one that has
 * the notebook open. Progress goes to stderr; the exit code says whether every cell ran.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { jupyterDirectories } from '../config/index.js';
import { silentLog } from '../log.js';
import { messageOf } from '../message-of.js';
import { readNotebook, saveContent } from '../notebook/index.js';
import { CommandError, type Command } from './command.js';
import { findOpenNotebook } from './find-open-notebook.js';
import { NotebookRun, RunError } from './notebook-run.js';
import { progressTo } from './run-progress.js';

interface RunArguments {
  notebook: string;
  inplace: boolean;
  output: string | undefined;
  kernel: string | undefined;
  timeout: number | undefined;
  allowErrors: boolean;
}

export const runCommand: Command<RunArguments> = {
  command: 'run <notebook>',
  describe: 'Run all cells of a notebook without a page',
  builder: (yargs) =>
    yargs
      .positional('notebook', { type: 'string', demandOption: true, describe: 'The notebook' })
      .option('inplace', {
        type: 'boolean',
        default: false,
        describe: 'Write the outputs into the notebook',
      })
      .option('output', { type: 'string', requiresArg: true, describe: 'Write the result into this file' })
      .option('kernel', {
        type: 'string',
        requiresArg: true,
        describe: 'Run on this kernel, whatever the notebook names',
      })
      .option('timeout', { type: 'number', requiresArg: true, describe: 'Seconds that one cell may take' })
      .option('allow-errors', {
        type: 'boolean',
        default: false,
        describe: 'Go on behind a cell that fails; the exit code is 0 then',
      }) as never,
  handler: async ({ notebook, inplace, output, kernel, timeout, allowErrors }) => {
    if (inplace && output !== undefined) throw new CommandError('Either --inplace or --output, not both.');
    const file = resolve(notebook);
    if (!existsSync(file)) throw new CommandError(`No such file: ${notebook}`);
    if (timeout !== undefined && !(timeout > 0))
      throw new CommandError('--timeout is a number of seconds above 0.');
    if (output !== undefined) checkOutput(output);
    // What came until then is kept, and nothing of the server for this run is left.
    let isStopped = false;
    let stop = (): void => {
      isStopped = true;
    };
    const onSignal = () => stop();
    for (const signal of STOPS) process.on(signal, onSignal);
    const open = inplace ? await findOpenNotebook(file) : undefined;
    const own = open === undefined ? await startOwn(file, inplace) : undefined;
    const { url, token, path } = open ?? {
      url: own?.url ?? '',
      token: own?.token ?? '',
      path: basename(file),
    };
    const isOwnServer = own !== undefined;
    const run = new NotebookRun({ url, token, path, kernel, timeout, allowErrors, isOwnServer });
    stop = () => run.stop();
    if (isStopped) run.stop();
    const progress = progressTo(process.stderr);
    try {
      const result = await run.toTheEnd((cells) => progress.show(cells));
      progress.end();
      if (inplace) await run.save();
      if (output !== undefined)
        await write(output, saveContent(readNotebook(readFileSync(file)), await run.content()).toBytes());
      if (result.problem !== undefined) throw new CommandError(result.problem);
    } catch (error) {
      progress.end();
      throw error instanceof RunError ? new CommandError(error.message) : error;
    } finally {
      await run.close();
      await own?.close();
      for (const signal of STOPS) process.off(signal, onSignal);
    }
  },
};

const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Hours of running are not to be lost to a wrong name. */
function checkOutput(output: string): void {
  const folder = dirname(resolve(output));
  try {
    const isFolder = existsSync(output) && statSync(output).isDirectory();
    if (isFolder) throw new CommandError(`--output is a file to write; ${output} is a folder.`);
    accessSync(existsSync(output) ? output : folder, constants.W_OK);
    if (!statSync(folder).isDirectory()) throw new CommandError(`${folder} is not a folder.`);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`--output ${output} cannot be written: ${messageOf(error)}`);
  }
}

async function write(output: string, bytes: Uint8Array): Promise<void> {
  try {
    writeFileSync(output, bytes);
  } catch (error) {
    const { rescue } = await import('../documents/index.js');
    const kept = await rescue(basename(output), bytes);
    throw new CommandError(`${output} could not be written: ${messageOf(error)}. The result is in ${kept}`);
  }
}

/** A server for this run alone, on loopback, with nothing of it left afterwards. */
async function startOwn(
  file: string,
  inplace: boolean,
): Promise<{ url: string; token: string; close(): Promise<void> }> {
  const { createServer } = await import('../server/create-server.js');
  const directories = jupyterDirectories({ env: process.env, home: homedir(), platform: process.platform });
  const state = mkdtempSync(join(tmpdir(), 'nbserver-run-'));
  const server = await createServer({
    notebook_dir: dirname(file),
    allow_hidden: true,
    ip: '127.0.0.1',
    port: 0,
    open_browser: false,
    // Only --inplace writes into the notebook.
    autosave: inplace,
    directories: { ...directories, state },
    log: { ...silentLog, requests: (_request, _response, next) => next() },
  });
  return {
    url: `${server.origins[0] ?? ''}${server.settings.base_url}`,
    token: server.token,
    async close() {
      await server.close();
      rmSync(state, { recursive: true, force: true });
    },
  };
}
