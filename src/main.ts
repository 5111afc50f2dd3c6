/** The `nbserver` binary: picks a command, and prints errors as one line. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { CommandError } from './commands/command.js';
import { commands } from './commands/commands.js';
import { fileProblem } from './commands/file-problem.js';
import type { CommandEntry } from './commands/commands.js';
import { ConfigError, loadSettings, nearest, parseCommandLine } from './config/index.js';
import { HttpError } from './http-error.js';
import { version } from './package-files.js';

/** Resolves when the command is done, or the server has ended. */
async function main(argv: string[]): Promise<void> {
  if (process.platform === 'win32')
    throw new CommandError(
      'nbserver does not run on Windows yet. It does in WSL, the Linux of Windows: "wsl --install".',
    );
  const entry = Object.hasOwn(commands, argv[0] ?? '') ? commands[argv[0] ?? ''] : undefined;
  await (entry === undefined ? serve(argv) : runCommand(entry, argv));
}

/** `nbserver [PATH] [flags]` */
async function serve(argv: string[]): Promise<void> {
  const cwd = process.cwd();
  const line = parseCommandLine(argv, cwd);
  if (line.help) {
    const { renderHelp } = await import('./commands/help.js');
    console.log(renderHelp(Object.values(commands), process.stdout.columns));
  } else if (line.version) console.log(version);
  else {
    refuseMisplacedCommand(line.paths[0]);
    const load = () =>
      loadSettings({
        line,
        cwd,
        env: process.env,
        home: homedir(),
        platform: process.platform,
        uid: process.getuid?.(),
      });
    const loaded = load();
    const { serve: start } = await import('./commands/serve.js');
    await start(loaded, load);
  }
}

/** `nbserver --profile x passwd` and `nbserver paswd` would otherwise be told that there is no such file. */
function refuseMisplacedCommand(path: string | undefined): void {
  if (path === undefined || existsSync(path)) return;
  const names = Object.keys(commands);
  if (names.includes(path))
    throw new CommandError(
      `the command comes first: nbserver ${path} [flags]. (No file or directory is called "${path}".)`,
    );
  const command = nearest(path, names);
  if (command !== undefined)
    throw new CommandError(
      `No such file or directory: ${path}. Did you mean the command "nbserver ${command}"?`,
    );
}

async function runCommand(entry: CommandEntry, argv: string[]): Promise<void> {
  const [command, { default: yargs }] = await Promise.all([entry.load(), import('yargs')]);
  await yargs(argv)
    .scriptName('nbserver')
    .detectLocale(false)
    .command(command)
    .strict()
    .recommendCommands()
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      throw (
        error ??
        new CommandError(`${message.replace(/\s*\n\s*/g, ' ')}. "nbserver ${argv[0]} --help" says more.`)
      );
    })
    .parseAsync();
}

function report(error: unknown): void {
  const known = error instanceof CommandError || error instanceof ConfigError || error instanceof HttpError;
  const problem = known ? error.message : fileProblem(error);
  if (problem !== undefined) console.error(`nbserver: ${problem}`);
  // A defect of ours: whoever reports it needs the stack.
  else console.error(`nbserver: unexpected error:`, error);
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
}

// `nbserver --help | head` closes the pipe early, and a server may outlive its terminal (EIO): neither is an error. What
// does not fit on a full disk must not end a server either, but a script has to see that the output is not whole.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') process.exitCode = 1;
  });
await main(process.argv.slice(2)).catch(report);
