/** Which shell a terminal runs, in which environment and where. */
import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { isatty } from 'node:tty';

export interface ShellSettings {
  /** argv; empty: the person's own shell */
  command: readonly string[];
  /** what terminals inherit */
  environment: Readonly<Record<string, string | undefined>>;
  /** names that must not be inherited: the server's secrets */
  hiddenEnvironment: readonly string[];
  /** where terminals start, absolute */
  root: string;
  /** the server's address without a token */
  serverUrl: () => string;
}

export interface Size {
  rows: number;
  columns: number;
}

/** Variables of the terminal that the server itself was started from: they say wrong things in another one. */
const FOREIGN = [
  'TMUX',
  'TMUX_PANE',
  'STY',
  'WINDOW',
  'WINDOWID',
  'TERMCAP',
  'TERM_PROGRAM',
  'TERM_PROGRAM_VERSION',
];

/** `$SHELL`, as a login shell when the server was not started from a shell (jupyter_server does the same). */
export function shellCommand({ command, environment }: ShellSettings): readonly string[] {
  if (command.length > 0) return command;
  const shell = environment.SHELL;
  const argv = [shell === undefined || shell === '' ? 'sh' : shell];
  return isatty(1) ? argv : [...argv, '-l'];
}

export function shellEnvironment(settings: ShellSettings, { rows, columns }: Size): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings.environment)) {
    if (value === undefined || FOREIGN.includes(name) || settings.hiddenEnvironment.includes(name)) continue;
    env[name] = value;
  }
  return {
    ...env,
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    COLUMNS: String(columns),
    LINES: String(rows),
    PYXTERM_DIMENSIONS: `${columns}x${rows}`,
    JUPYTER_SERVER_ROOT: settings.root,
    JUPYTER_SERVER_URL: settings.serverUrl(),
  };
}

/** The wanted folder, absolute or from the root; the root where it cannot be used, as jupyter_server has it. */
export async function startDirectory(root: string, wanted: string | undefined): Promise<string> {
  if (wanted === undefined || wanted === '') return root;
  const path = isAbsolute(wanted) ? wanted : resolve(root, wanted);
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true ? path : root;
}
