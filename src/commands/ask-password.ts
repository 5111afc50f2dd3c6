/** Asks a person for a password on a terminal, without showing it; or takes one line from a pipe. */
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Readable } from 'node:stream';
import { CommandError } from './command.js';

const attempts = 3;

/**
 * Asks for a new password twice, up to three times. Prompts go to `output`, which should be stderr: stdout is for
 * the result.
 *
 * @throws CommandError after three mismatches, on Ctrl-C (exit code 130) and at the end of the input
 */
export async function askNewPassword(input: Readable, output: Writable): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: silent, terminal: true, historySize: 0 });
  const answers = new Answers(lines);
  const ask = async (prompt: string) => {
    output.write(prompt);
    const answer = await answers.next();
    output.write('\n');
    return answer;
  };
  try {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const password = await ask('Enter password: ');
      if (password === '') output.write('The password is empty. Choose one with at least one character.\n');
      else if (password === (await ask('Verify password: '))) return password;
      else if (attempt < attempts) output.write('The two passwords are not the same. Try again.\n');
    }
    throw new CommandError('No matching passwords found. Giving up.');
  } finally {
    lines.close();
  }
}

/**
 * @returns the first line of a pipe or file
 * @throws CommandError when there is none
 */
export async function readOneLine(input: Readable): Promise<string> {
  const lines = createInterface({ input, terminal: false });
  try {
    for await (const line of lines) return line;
    throw new CommandError('There was no password on standard input.');
  } finally {
    lines.close();
  }
}

/** Keeps lines that arrive before they are asked for: a paste may hold both answers at once. */
class Answers {
  private readonly lines: string[] = [];
  private ended: CommandError | undefined;
  private waiting: (() => void) | undefined;

  constructor(reader: Interface) {
    reader.on('line', (line) => this.wake(() => this.lines.push(line)));
    reader.on('SIGINT', () => this.end(new CommandError('Stopped; nothing was changed.', 130)));
    reader.on('close', () => this.end(new CommandError('The input ended; nothing was changed.')));
  }

  async next(): Promise<string> {
    while (this.lines.length === 0) {
      if (this.ended !== undefined) throw this.ended;
      await new Promise<void>((resolve) => (this.waiting = resolve));
    }
    return this.lines.shift() ?? '';
  }

  private end(error: CommandError): void {
    this.wake(() => (this.ended ??= error));
  }

  private wake(change: () => void): void {
    change();
    this.waiting?.();
  }
}
