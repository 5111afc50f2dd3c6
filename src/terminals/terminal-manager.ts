/** The terminals that run: their names, how they are started and ended, and culling of those that nobody uses. */
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import { ProcessResources } from '../process-resources.js';
import type { TerminalModel } from '../protocol/rest-models.js';
import { Pty } from './pty.js';
import { shellCommand, shellEnvironment, startDirectory, type ShellSettings } from './shell.js';
import { Terminal } from './terminal.js';

export interface TerminalManagerOptions extends ShellSettings {
  /** seconds without input and output after which a terminal is ended; 0: never */
  cullAfter: number;
  /** seconds between two looks */
  cullInterval: number;
  /** one was started or has ended */
  onChange?: () => void;
  log: Log;
}

/** Until a page says how large its window is. */
const FIRST_SIZE = { rows: 24, columns: 80 };
/** Each is a process and up to 4 MB of scrollback. */
const MOST = 100;

export class TerminalManager {
  readonly #options: TerminalManagerOptions;
  readonly #terminals = new Map<string, Terminal>();
  readonly #starting = new Map<string, Promise<Terminal>>();
  readonly #resources = new ProcessResources();
  readonly #culling: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(options: TerminalManagerOptions) {
    this.#options = options;
    if (options.cullAfter > 0) {
      this.#culling = setInterval(() => void this.#cull(), options.cullInterval * 1000);
      this.#culling.unref();
    }
  }

  list(): Terminal[] {
    return [...this.#terminals.values()];
  }

  get(name: string): Terminal | undefined {
    return this.#terminals.get(name);
  }

  /** The models of some terminals, and on request with what runs in them and what it uses. */
  async models(terminals: readonly Terminal[], withResources: boolean): Promise<TerminalModel[]> {
    if (!withResources) return terminals.map(terminalModel);
    const used = await this.#resources.measure(terminals.flatMap(({ pid }) => pid ?? []));
    return Promise.all(
      terminals.map(async (terminal): Promise<TerminalModel> => {
        const resources = used.get(terminal.pid ?? 0);
        const program = (await terminal.program()) ?? null;
        return { ...terminalModel(terminal), program, ...(resources === undefined ? {} : { resources }) };
      }),
    );
  }

  /** @throws {HttpError} 404 */
  require(name: string): Terminal {
    const terminal = this.#terminals.get(name);
    if (terminal === undefined) throw new HttpError(404, `Terminal not found: ${name}`);
    return terminal;
  }

  /**
   * Starts a shell. A name that runs already is answered as it is: a page that is reloaded asks for its own.
   *
   * @param name  default: the smallest number that is free
   * @param cwd  absolute or from the root of the notebooks; one that cannot be used counts as none
   * @throws {HttpError} 400 for a name that is none, 501 without the native part, 503 when there are too many
   */
  async create({ name, cwd }: { name?: string; cwd?: string } = {}): Promise<Terminal> {
    if (name !== undefined && !/^[A-Za-z0-9][\w-]{0,63}$/.test(name))
      throw new HttpError(400, 'The name of a terminal is made of letters, digits, "_" and "-".');
    const chosen = name ?? this.#freeName();
    const known = this.#terminals.get(chosen) ?? this.#starting.get(chosen);
    if (known !== undefined) return known;
    if (this.#closed) throw new HttpError(503, 'The server is stopping.');
    if (this.#terminals.size + this.#starting.size >= MOST)
      throw new HttpError(503, `${MOST} terminals are running. Shut some of them down first.`);
    const starting = this.#start(chosen, cwd).finally(() => this.#starting.delete(chosen));
    this.#starting.set(chosen, starting);
    return starting;
  }

  async #start(name: string, wanted: string | undefined): Promise<Terminal> {
    const { root, log, onChange } = this.#options;
    const cwd = await startDirectory(root, wanted);
    const terminal = new Terminal(name, cwd);
    const pty = await Pty.open(
      {
        argv: shellCommand(this.#options),
        cwd,
        env: shellEnvironment(this.#options, FIRST_SIZE),
        ...FIRST_SIZE,
      },
      {
        data: terminal.onData,
        exit: () => {
          // Another one may have taken the name of one that was removed.
          if (this.#terminals.get(name) === terminal) this.#terminals.delete(name);
          terminal.onExit();
          onChange?.();
          log.info(`Terminal ${name} has ended.`);
        },
      },
    );
    terminal.start(pty);
    this.#terminals.set(name, terminal);
    log.info(`Terminal ${name} started (process ${pty.pid}).`);
    if (this.#closed) await terminal.end();
    onChange?.();
    return terminal;
  }

  /** @throws {HttpError} 404 */
  async remove(name: string): Promise<void> {
    const terminal = this.require(name);
    // Gone at once for everybody who asks, whatever time its programs take.
    this.#terminals.delete(name);
    await terminal.end();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#culling);
    await Promise.allSettled(this.#starting.values());
    await Promise.all(this.list().map((terminal) => terminal.end()));
  }

  #freeName(): string {
    let number = 1;
    while (this.#terminals.has(String(number)) || this.#starting.has(String(number))) number += 1;
    return String(number);
  }

  async #cull(): Promise<void> {
    const { cullAfter, log } = this.#options;
    const unused = this.list().filter(({ lastActivity }) => Date.now() - lastActivity >= cullAfter * 1000);
    const end = async (terminal: Terminal) => {
      log.info(`Terminal ${terminal.name} was not used for ${cullAfter} seconds and is ended.`);
      this.#terminals.delete(terminal.name);
      await terminal.end();
    };
    await Promise.all(unused.map(end));
  }
}

/** Jupyter's model, with microseconds as jupyter_server writes them. */
export function terminalModel(terminal: Terminal): TerminalModel {
  const last_activity = new Date(terminal.lastActivity).toISOString().replace('Z', '000Z');
  return { name: terminal.name, last_activity };
}
