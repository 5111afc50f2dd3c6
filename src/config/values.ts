/** Checks that a value from a file, a flag or the environment has the type of its option, and brings it into form. */
import { isAbsolute, resolve } from 'node:path';
import { parsePythonLiteral } from './python-literals.js';
import { expandHome } from './paths.js';
import { describeOption } from './options.js';
import type { OptionName } from './options.js';
import type { Option } from './option.js';

/** Options that name a module by its path, or a package, or something built in. */
const moduleOptions: ReadonlySet<OptionName> = new Set<OptionName>([
  'notebook_manager_class',
  'pre_save_hook',
  'post_save_hook',
]);

/**
 * @param value  parsed JSON
 * @param base   directory that relative paths are meant from
 * @throws Error whose message completes "NAME …", for example `must be true or false, not "maybe"`
 */
export function checkValue(name: OptionName, value: unknown, base: string, home: string): unknown {
  const option = describeOption(name);
  const typed = checkType(option, value);
  const normalised =
    option.normalise === undefined ? typed : (option.normalise as (value: unknown) => unknown)(typed);
  if (moduleOptions.has(name) && normalised !== '') return modulePath(normalised as string, base, home);
  return option.path ? fullPath(normalised as string, base, home, option.words) : normalised;
}

/** Text of a flag or an environment variable, as the value that the option's type makes of it. */
export function valueOfText(name: OptionName, text: string): unknown {
  const { type } = describeOption(name);
  switch (type) {
    case 'boolean':
      return { true: true, false: false, '1': true, '0': false }[text.toLowerCase()] ?? text;
    case 'integer':
    case 'number':
      return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    case 'strings':
      return text.startsWith('[')
        ? parseTextLiteral(text)
        : text
            .split(',')
            .map((item) => item.trim())
            .filter(Boolean);
    case 'object':
      return parseTextLiteral(text);
    case 'string':
      return text;
  }
}

/** JSON, or the Python literal that the documentation of Jupyter shows: `{'static_url_prefix': '/x/'}`. */
export function parseTextLiteral(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // not JSON: perhaps Python
  }
  try {
    return parsePythonLiteral(text);
  } catch {
    throw new Error(`must be JSON, not ${shorten(text)}`);
  }
}

function checkType(option: Option<unknown>, value: unknown): unknown {
  const wrong = (wanted: string) =>
    new Error(
      option.secret ? `must be ${wanted}` : `must be ${wanted}, not ${shorten(JSON.stringify(value))}`,
    );
  switch (option.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong('true or false');
      return value;
    case 'integer':
    case 'number': {
      const { min = -Infinity, max = Infinity } = option;
      const whole = option.type === 'number' || Number.isSafeInteger(value);
      if (typeof value !== 'number' || !whole || value < min || value > max) throw wrong(numberRange(option));
      return value;
    }
    case 'string':
      return checkString(option, value, wrong);
    case 'strings':
      if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
        throw wrong('a list of strings');
      return value;
    case 'object':
      return checkObject(option, value, wrong);
  }
}

function checkString(option: Option<unknown>, value: unknown, wrong: (wanted: string) => Error): unknown {
  // Jupyter's configuration has numbers for log levels.
  const text = option.choices !== undefined && typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') throw wrong('a string');
  if (text.includes('\0')) throw wrong('a string without NUL characters');
  if (option.choices === undefined) return text;
  const word = option.choiceNames?.[text.toLowerCase()] ?? text.toLowerCase();
  if (!option.choices.includes(word)) throw wrong(`one of ${option.choices.join(', ')}`);
  return word;
}

function checkObject(option: Option<unknown>, value: unknown, wrong: (wanted: string) => Error): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('an object {…}');
  for (const key of option.keys ?? []) {
    const field = (value as Record<string, unknown>)[key];
    if (field !== undefined && typeof field !== 'string')
      throw new Error(`must have a string as ${key}, not ${shorten(JSON.stringify(field))}`);
  }
  return value;
}

function numberRange({ type, min, max }: Option<unknown>): string {
  const kind = type === 'integer' ? 'a whole number' : 'a number';
  if (min !== undefined && max !== undefined) return `${kind} from ${min} to ${max}`;
  return min !== undefined ? `${kind} of at least ${min}` : kind;
}

function fullPath(path: string, base: string, home: string, words: readonly string[] = []): string {
  return path === '' || words.includes(path) ? path : resolve(base, expandHome(path, home));
}

/** A store is a built-in name, a file (`./store.mjs`, `~/store.mjs`, absolute) or a package name. */
function modulePath(name: string, base: string, home: string): string {
  return /^(\.\.?|~)\//.test(name) || isAbsolute(name) ? fullPath(name, base, home) : name;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
