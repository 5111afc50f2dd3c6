/** `prompt()`, `confirm()` and `alert()`: questions to the person at the notebook, which wait as in a browser. */
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';

export interface Asker {
  /** false: the client said that nobody can answer */
  allowed(): boolean;
  /** Sends the question on its way; the answer comes on `answers`. */
  send(prompt: string, password: boolean): void;
}

export class Prompter {
  readonly #asker: Asker;
  readonly #flag: Int32Array;
  readonly #answers: MessagePort;

  constructor(asker: Asker, flags: SharedArrayBuffer, answers: MessagePort) {
    this.#asker = asker;
    this.#flag = new Int32Array(flags);
    this.#answers = answers;
  }

  install(): void {
    const globals = {
      prompt: (message: unknown = '', initial: unknown = '', options: { password?: boolean } = {}) => {
        const hint = initial === '' ? '' : `(${String(initial)}) `;
        const answer = this.#ask(withSpace(String(message)) + hint, options.password === true);
        return answer === '' ? String(initial) : answer;
      },
      confirm: (message: unknown = '') =>
        /^\s*y(es)?\s*$/i.test(this.#ask(`${withSpace(String(message))}[y/N] `, false)),
      alert: (message: unknown = '') => {
        this.#ask(`${withSpace(String(message))}[Enter] `, false);
      },
    };
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, {
        value,
        writable: true,
        configurable: true,
        enumerable: false,
      });
    }
  }

  /** Blocks this thread; an interrupt ends the wait. */
  #ask(prompt: string, password: boolean): string {
    if (!this.#asker.allowed()) {
      throw new Error('prompt() needs somebody to answer; this cell was run by a client that takes no input');
    }
    // An answer to a question that was interrupted is nobody's.
    while (receiveMessageOnPort(this.#answers)) continue;
    Atomics.store(this.#flag, 0, 0);
    this.#asker.send(prompt, password);
    Atomics.wait(this.#flag, 0, 0);
    const answer = receiveMessageOnPort(this.#answers);
    return typeof answer?.message === 'string' ? answer.message : '';
  }
}

function withSpace(message: string): string {
  return message === '' || /\s$/.test(message) ? message : `${message} `;
}
