/** What one entry of the option table says, and short builders that keep its type. */

/** The sections of the configuration file; the classic class names. */
export type Section = 'NotebookApp' | 'FileNotebookManager' | 'MappingKernelManager' | 'TerminalManager';

/** Headings of `--help`, of the written configuration file and of its page in the docs, in that order. */
export const groups = [
  'Address',
  'Password and token',
  'HTTPS',
  'Public server and proxies',
  'Who else may call',
  'Notebooks and files',
  'Kernels',
  'Terminals',
  'Pages',
  'Start and log',
] as const;
export type Group = (typeof groups)[number];

export type ValueType = 'boolean' | 'integer' | 'number' | 'string' | 'strings' | 'object';

export interface OptionDescription {
  section: Section;
  group: Group;
  /** One or two sentences without a full stop at the end of the last. */
  help: string;
  /** Other names without a class: flat keys, keys of the same section and flags. */
  aka?: readonly string[];
  /** Full names elsewhere, for example `IdentityProvider.token`. */
  also?: readonly string[];
  /** Environment variables, the first that is set wins. One that ends in `_FILE` names a file that holds the value. */
  env?: readonly string[];
  /** Never printed. */
  secret?: boolean;
  /** Relative values resolve against the configuration file, on the command line against the current directory. */
  path?: boolean;
  /** Values of a `path` that are words of their own, for example `auto`. */
  words?: readonly string[];
  /** The flag, when it is not the name with dashes. */
  flag?: string;
  /** How the flag's value is called in `--help`. */
  placeholder?: string;
  /** Brings a value into its one form, or throws an Error whose message completes "NAME …". */
  normalise?: (value: never) => unknown;
}

export interface Option<T> extends OptionDescription {
  type: ValueType;
  default: T;
  min?: number;
  max?: number;
  choices?: readonly string[];
  /** Other spellings of a choice, for example Python's numbers for log levels. */
  choiceNames?: Readonly<Record<string, string>>;
  /** Of an `object`: the keys that have an effect. */
  keys?: readonly string[];
}

type With<T> = OptionDescription & { default: T };

export const boolean = (o: With<boolean>): Option<boolean> => ({ ...o, type: 'boolean' });

export const integer = (o: With<number> & { min?: number; max?: number }): Option<number> => ({
  ...o,
  type: 'integer',
});

export const number = (o: With<number> & { min?: number; max?: number }): Option<number> => ({
  ...o,
  type: 'number',
});

export const string = (o: With<string>): Option<string> => ({ ...o, type: 'string' });

/** A string that may be missing, which means something else than an empty one. */
export const optionalString = (o: OptionDescription): Option<string | undefined> => ({
  ...o,
  type: 'string',
  default: undefined,
});

export const strings = (o: With<readonly string[]>): Option<readonly string[]> => ({ ...o, type: 'strings' });

export const choice = <const C extends readonly string[]>(
  choices: C,
  o: With<C[number]> & { choiceNames?: Readonly<Record<string, C[number]>> },
): Option<C[number]> => ({ ...o, type: 'string', choices });

export const object = <T extends object>(keys: readonly (keyof T & string)[], o: With<T>): Option<T> => ({
  ...o,
  type: 'object',
  keys,
});
