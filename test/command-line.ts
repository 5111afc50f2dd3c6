/** Runs the built `nbserver` as a person does: a process of its own, with a home of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';
import { COMMAND_PATIENCE, PATIENCE } from './patience.js';

export const binary = join(root, 'bin', 'nbserver');

/** A home directory for one test: nothing of the real one is read or touched. */
export interface Home {
  path: string;
  /** the folder whose notebooks are served */
  notebooks: string;
  env: NodeJS.ProcessEnv;
  remove(): void;
}

export function makeHome(): Home {
  const path = mkdtempSync(join(tmpdir(), 'nbserver-home-'));
  const notebooks = join(path, 'notebooks');
  mkdirSync(notebooks);
  const { PATH, LANG } = process.env;
  const env: NodeJS.ProcessEnv = {
    PATH,
    LANG,
    HOME: path,
    JUPYTER_CONFIG_DIR: join(path, 'config'),
    JUPYTER_DATA_DIR: join(path, 'data'),
    JUPYTER_RUNTIME_DIR: join(path, 'runtime'),
    IPYTHONDIR: join(path, 'ipython'),
    MPLCONFIGDIR: join(path, 'matplotlib'),
  };
  return {
    path,
    notebooks,
    env,
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** default: the home */
  cwd?: string;
  /** what stdin holds */
  input?: string;
  /** on a terminal: stdin is none, as when a script started it */
  noInput?: boolean;
}

/** Runs a command of `nbserver` to its end. */
export function run(args: string[], surroundings: Surroundings): Promise<Finished> {
  return finish([binary, ...args], surroundings);
}

/**
 * A pseudo-terminal from Python's standard library. It types each answer when its prompt has come, and passes on all
 * that the terminal shows.
 */
const terminal = `
import json, os, pty, sys
argv, answers = json.loads(sys.argv[1]), json.loads(sys.argv[2])
pid, fd = pty.fork()
if pid == 0:
    os.execv(argv[0], argv)
seen = b''
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
    seen += data
    while answers and answers[0][0].encode() in seen:
        prompt, answer = answers.pop(0)
        seen = seen.split(prompt.encode(), 1)[1]
        if answer == 'close the terminal':
            os.close(fd)
        else:
            os.write(fd, answer.encode())
sys.stdout.flush()
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
`;

/**
 * The same on a terminal.
 *
 * @param answers  [what the terminal shows, what is typed then]; '\r' is the Enter key, '\x03' is Control-C, and
 *   'close the terminal' is done, not typed
 * @returns for a program that a signal ended 128 + its number, as shells have it
 */
export function onTerminal(
  args: string[],
  answers: [prompt: string, keys: string][],
  surroundings: Surroundings,
): Promise<Finished> {
  const python = ['/usr/bin/python3', '-c', terminal];
  const shell = surroundings.noInput === true ? ['/bin/sh', '-c', 'exec "$@" < /dev/null', 'sh'] : [];
  const argv = [...shell, binary, ...args];
  return finish([...python, JSON.stringify(argv), JSON.stringify(answers)], surroundings);
}

async function finish(
  [file = '', ...args]: string[],
  { env, cwd, input = '' }: Surroundings,
): Promise<Finished> {
  const child = spawn(file, args, { env, cwd: cwd ?? env.HOME, stdio: 'pipe' });
  const output = collect(child);
  child.stdin.on('error', () => undefined); // a command that reads nothing may be gone already
  child.stdin.end(input);
  return { code: await exitOf(child), ...output };
}

export interface RunningCommand extends Finished {
  child: ChildProcess;
  pid: number;
  /** Resolves with the exit code. */
  exited: Promise<number | null>;
  /** SIGTERM, and SIGKILL when that does not help: it has kernels to wait for and files to write. */
  stop(): Promise<number | null>;
}

/**
 * Starts a server and resolves when it says that it is up. Rejects with its output when it ends instead.
 *
 * @param program  default: the one of this folder
 */
export async function serve(
  args: string[],
  { env, cwd }: { env: NodeJS.ProcessEnv; cwd?: string },
  program = binary,
): Promise<RunningCommand> {
  const child = spawn(program, args, { env, cwd: cwd ?? env.HOME, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(child);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const running: RunningCommand = {
    child,
    pid: child.pid ?? 0,
    code: null,
    exited,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
  };
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new Error(
          `nbserver ${args.join(' ')} said nothing within ${COMMAND_PATIENCE / 1000} s:\n${output.stdout}${output.stderr}`,
        ),
      );
    }, COMMAND_PATIENCE);
    const look = () => {
      if (!/is running/.test(output.stdout)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout.on('data', look);
    void exited.then((code) => {
      clearTimeout(timer);
      reject(new Error(`nbserver ${args.join(' ')} ended with ${code}:\n${output.stdout}${output.stderr}`));
    });
  });
  return running;
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (data: string) => (output.stdout += data));
  child.stderr?.setEncoding('utf8').on('data', (data: string) => (output.stderr += data));
  return output;
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_PATIENCE);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return code;
}

/**
 * Ports from below those that the system gives to connections, where nobody takes one between this look and the start of
 * a server; those of each test process apart from the others'. They begin anywhere: another run may be under way.
 */
const PORTS = { first: 20_000 + 2_000 * (Number(process.env.VITEST_POOL_ID ?? 0) % 6), count: 2_000 };
let turn = Math.floor(Math.random() * PORTS.count);

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS.count; tries += 1) {
    turn = (turn + 1) % PORTS.count;
    const port = PORTS.first + turn;
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) =>
      server
        .once('listening', () => resolve(true))
        .once('error', () => resolve(false))
        .listen(port),
    );
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error('no port');
}
