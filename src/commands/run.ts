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
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Settings } from '../config/index.js';
import { silentLog } from '../log.js';
import { messageOf } from '../message-of.js';
import { readNotebook, saveContent } from '../notebook/index.js';
import { CommandError, type Command } from './command.js';
import { settingsOf, type FileChoice } from './configuration-file.js';
import { findOpenNotebook, type OpenNotebook } from './find-open-notebook.js';
import { NotebookRun, RunError } from './notebook-run.js';
import { progressTo } from './run-progress.js';

interface RunArguments extends FileChoice {
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
      })
      .option('profile', {
        type: 'string',
        requiresArg: true,
        describe: 'Run as a server of this profile does',
      })
      .option('config', {
        type: 'string',
        requiresArg: true,
        describe: 'Run as this configuration file says',
      }) as never,
  handler: async ({ notebook, inplace, output, kernel, timeout, allowErrors, profile, config }) => {
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
    const choice = {
      ...(profile === undefined ? {} : { profile }),
      ...(config === undefined ? {} : { config }),
    };
    const target: Target = open ?? (await startOwn(file, inplace, choice));
    const { server, path } = target;
    const isOwnServer = open === undefined;
    const run = new NotebookRun({ server, path, kernel, timeout, allowErrors, isOwnServer });
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
      await target.close?.();
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

/** What a run takes of the configuration: which kernels there are, how they are reached, and how notebooks are written. */
const CONFIGURED = [
  'allowed_kernelspecs',
  'default_kernel_name',
  'kernel_info_timeout',
  'kernel_port_range',
  'transport',
  'record_timing',
  'pre_save_hook',
  'file_write',
  'use_atomic_writing',
] as const satisfies readonly (keyof Settings)[];

interface Target extends OpenNotebook {
  /** ends a server that is there for the run alone */
  close?(): Promise<void>;
}

/** A server for this run alone, on loopback; what is left afterwards is that outputs which ran here are trusted. */
async function startOwn(file: string, inplace: boolean, choice: FileChoice): Promise<Target> {
  const { settings, directories, configFile } = settingsOf(choice);
  const { createServer } = await import('../server/create-server.js');
  const state = mkdtempSync(join(tmpdir(), 'nbserver-run-'));
  const removeState = () => rmSync(state, { recursive: true, force: true });
  const server = await createServer({
    ...(Object.fromEntries(CONFIGURED.map((name) => [name, settings[name]])) as Partial<Settings>),
    config_directory: dirname(configFile),
    notebook_dir: dirname(file),
    allow_hidden: true,
    ip: '127.0.0.1',
    port: 0,
    open_browser: false,
    // Only --inplace writes into the notebook.
    autosave: inplace,
    directories: { ...directories, state },
    ...(inplace ? { trust_directory: directories.state } : {}),
    log: { ...silentLog, requests: (_request, _response, next) => next() },
  }).catch((error: unknown) => {
    removeState();
    throw new CommandError(messageOf(error));
  });
  const { port, token } = server;
  return {
    server: {
      base_url: server.settings.base_url,
      hostname: '127.0.0.1',
      port,
      secure: false,
      sock: '',
      token,
    },
    path: basename(file),
    async close() {
      await server.close();
      removeState();
    },
  };
}
