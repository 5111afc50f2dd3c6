/** Runs the commands of `nbserver` from their sources, so that these tests need no build; on a terminal, too. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { packageFile } from '../../src/package-files.js';
import type { Finished } from '../command-line.js';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const command = [process.execPath, '--import', tsx, packageFile('src', 'main.ts')];

interface Surroundings {
  env: NodeJS.ProcessEnv;
  cwd?: string;
  input?: string;
}

export function nbserver(args: string[], surroundings: Surroundings): Promise<Finished> {
  return finish([...command, ...args], surroundings);
}

export const hasPython = existsSync('/usr/bin/python3');

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
        os.write(fd, answer.encode())
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** @param answers  [what the terminal shows, what is typed then]; '\r' is the Enter key */
export function onTerminal(
  args: string[],
  answers: [prompt: string, keys: string][],
  surroundings: Surroundings,
): Promise<Finished> {
  const python = ['/usr/bin/python3', '-c', terminal];
  return finish([...python, JSON.stringify([...command, ...args]), JSON.stringify(answers)], surroundings);
}

async function finish(
  [file = '', ...args]: string[],
  { env, cwd, input = '' }: Surroundings,
): Promise<Finished> {
  const child = spawn(file, args, { env, cwd: cwd ?? env.HOME, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (data: string) => (output.stdout += data));
  child.stderr.setEncoding('utf8').on('data', (data: string) => (output.stderr += data));
  child.stdin.on('error', () => undefined); // a command that reads nothing may be gone already
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), 50_000);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, ...output };
}
