/** The one registry of what a page can do. Menus, toolbar, shortcuts and palette all call it, and so do tests. */
import type { IconName } from './icon-element.js';
import { chordsOf, normalizeKeys, type KeyPress } from './keys.js';

export interface Command {
  /** the classic's id where there is one: `jupyter-notebook:run-cell` */
  id: string;
  label: string;
  /** a longer text for tooltips */
  title?: string;
  icon?: IconName;
  /** heading in lists of commands */
  group?: string;
  /** keys per mode, `{ command: ['d,d'], edit: ['ctrl-s'] }`; the first is the one that menus show */
  keys?: Readonly<Record<string, readonly string[]>>;
  /** whether it can run now; absent: always */
  when?(): boolean;
  /** for commands that switch something: whether it is on */
  checked?(): boolean;
  /** while it cannot run, its keys do what they do without it: an arrow moves the caret inside of a cell */
  yieldsKeys?: boolean;
  /** it does nothing without an argument: lists of commands leave it out */
  needsArgument?: boolean;
  /** `argument` is what the caller passed to `run`, for example the chosen cell type */
  run(argument?: unknown): void | Promise<void>;
}

export interface Binding {
  mode: string;
  keys: string;
  command: Command;
}

export class CommandRegistry {
  readonly #commands = new Map<string, Command>();
  readonly #bindings: Binding[] = [];
  readonly #onError: (error: unknown, command: Command) => void;

  /** @param onError  gets what a command throws; the page shows it */
  constructor(onError: (error: unknown, command: Command) => void) {
    this.#onError = onError;
  }

  /** @throws when an id is taken: two commands of one name are a mistake of ours */
  add(...commands: Command[]): void {
    for (const command of commands) {
      if (this.#commands.has(command.id)) throw new Error(`The command ${command.id} exists already.`);
      this.#commands.set(command.id, command);
      for (const [mode, all] of Object.entries(command.keys ?? {})) {
        for (const keys of all) this.#bindings.push({ mode, keys: normalizeKeys(keys), command });
      }
    }
  }

  /** Adds commands that lists show together. */
  addGroup(group: string, commands: readonly Command[]): void {
    this.add(...commands.map((command) => ({ group, ...command })));
  }

  get(id: string): Command | undefined {
    return this.#commands.get(id);
  }

  all(): Command[] {
    return [...this.#commands.values()];
  }

  /** Every key of every command, in normal form. */
  bindings(): readonly Binding[] {
    return this.#bindings;
  }

  isEnabled(id: string): boolean {
    const command = this.#commands.get(id);
    return command !== undefined && (command.when?.() ?? true);
  }

  /** The keys to show beside a command: of `mode`, else of any mode. */
  keysOf(id: string, mode?: string): string | undefined {
    const keys = this.#commands.get(id)?.keys;
    if (keys === undefined) return undefined;
    return (mode === undefined ? undefined : keys[mode]?.[0]) ?? Object.values(keys).find((k) => k[0])?.[0];
  }

  /** Runs a command if it is there and enabled; true when it ran without an error. */
  async run(id: string, argument?: unknown): Promise<boolean> {
    const command = this.#commands.get(id);
    if (command === undefined || !(command.when?.() ?? true)) return false;
    try {
      await command.run(argument);
      return true;
    } catch (error) {
      this.#onError(error, command);
      return false;
    }
  }
}

export interface KeymapOptions {
  /** the mode whose keys hold now, for example `command` or `edit`; keys of mode `any` hold in every mode */
  mode(): string;
  /** how long the first key of a pair is remembered, in milliseconds; the classic's 800 */
  sequenceTime?: number;
}

/** Turns key presses into commands, including pairs such as `d,d`. */
export class Keymap {
  readonly #commands: CommandRegistry;
  readonly #options: KeymapOptions;
  #first: { chords: string[]; mode: string; at: number } | undefined;

  constructor(commands: CommandRegistry, options: KeymapOptions) {
    this.#commands = commands;
    this.#options = options;
  }

  /**
   * Takes a press: runs what is bound to it and returns true, also for the first key of a pair. False means that the
   * press is not ours. The caller prevents the default when it is true.
   */
  handle(press: KeyPress & { timeStamp: number; isComposing?: boolean; repeat?: boolean }): boolean {
    if (press.isComposing === true || ['Shift', 'Control', 'Alt', 'Meta'].includes(press.key)) return false;
    // when it was pressed: a page that is busy gets to it later, and `d,d` is one pair all the same
    const now = press.timeStamp;
    const mode = this.#options.mode();
    const chords = chordsOf(press);
    const first = this.#first;
    this.#first = undefined;

    if (first !== undefined && first.mode === mode && now - first.at <= (this.#options.sequenceTime ?? 800)) {
      // a held key must not count as pressed twice
      if (press.repeat === true) {
        this.#first = first;
        return true;
      }
      const pair = this.#find(mode, (keys) =>
        first.chords.some((one) => chords.some((two) => keys === `${one},${two}`)),
      );
      if (pair !== undefined) return this.#run(pair);
    }
    const single = this.#find(mode, (keys) => chords.includes(keys));
    if (single !== undefined) return this.#run(single);
    if (this.#find(mode, (keys) => chords.some((chord) => keys.startsWith(`${chord},`))) !== undefined) {
      this.#first = { chords, mode, at: now };
      return true;
    }
    return false;
  }

  #run(command: Command): boolean {
    void this.#commands.run(command.id);
    return true;
  }

  /** An enabled command whose keys fit; else a disabled one, so that Ctrl-S never opens the browser's own dialog. */
  #find(mode: string, fits: (keys: string) => boolean): Command | undefined {
    const bound = this.#commands
      .bindings()
      .filter((binding) => (binding.mode === mode || binding.mode === 'any') && fits(binding.keys))
      .map((binding) => binding.command);
    return (
      bound.find((command) => this.#commands.isEnabled(command.id)) ??
      bound.find((command) => command.yieldsKeys !== true)
    );
  }
}
