/** Reads one configuration file, JSON with comments and trailing commas, into entries that know their line. */
import { readFileSync } from 'node:fs';
import { parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import { ConfigError } from './config-error.js';

/** One setting as somebody wrote it: in a file, as a flag, in the environment. */
export interface Entry {
  /** `port`, `NotebookApp.port`, `webapp_settings` … */
  written: string;
  value: unknown;
  /** for the user, who asks where a value comes from: `~/…/notebook_config.json:12`, `flag --port` */
  origin: string;
  /** how a message about it begins: `~/…/notebook_config.json:12: port` or `--port` */
  subject: string;
  /** relative paths are meant from this directory */
  base: string;
}

/**
 * @param path     the file
 * @param shown    its name in messages
 * @param base     directory of the file
 * @throws ConfigError when it is no JSON object or cannot be read; `undefined` is returned when it does not exist
 */
export function readConfigFile(path: string, shown: string, base: string): Entry[] | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigError(`${shown} cannot be read (${code ?? message}).`);
  }
  return parseConfig(text, shown, base);
}

export function parseConfig(text: string, shown: string, base: string): Entry[] {
  const source = text.replace(/^\uFEFF/, '');
  const lineOf = lineCounter(source);
  const errors: ParseError[] = [];
  const root = parseTree(source, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [error] = errors;
  if (error !== undefined)
    throw new ConfigError(
      `${shown}:${lineOf(error.offset)}: this is not valid JSON (${inWords(printParseErrorCode(error.error))}).`,
    );
  if (root === undefined) return [];
  if (root.type !== 'object')
    throw new ConfigError(`${shown}:1: a configuration file holds one JSON object, {…}.`);

  const entries: Entry[] = [];
  const add = (written: string, key: Node, value: Node) => {
    const where = `${shown}:${lineOf(key.offset)}`;
    entries.push({ written, value: plainValue(value), origin: where, subject: `${where}: ${written}`, base });
  };
  for (const [name, key, value] of properties(root)) {
    // Class names begin with a capital letter, options never do.
    if (!/^[A-Z]/.test(name)) add(name, key, value);
    else if (value.type !== 'object')
      throw new ConfigError(`${shown}:${lineOf(key.offset)}: section ${name} must be an object, {…}.`);
    else
      for (const [inner, innerKey, innerValue] of properties(value))
        add(`${name}.${inner}`, innerKey, innerValue);
  }
  return entries;
}

/** Key and value nodes of an object. */
function* properties(object: Node): Generator<[name: string, key: Node, value: Node]> {
  for (const property of object.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key !== undefined && value !== undefined) yield [String(key.value), key, value];
  }
}

/** Builds the value without `__proto__` tricks: keys become own properties. */
function plainValue(node: Node): unknown {
  switch (node.type) {
    case 'object':
      return Object.fromEntries([...properties(node)].map(([name, , value]) => [name, plainValue(value)]));
    case 'array':
      return (node.children ?? []).map(plainValue);
    default:
      return node.value as unknown;
  }
}

function lineCounter(text: string): (offset: number) => number {
  return (offset) => text.slice(0, offset).split('\n').length;
}

/** `CommaExpected` → `comma expected`. */
function inWords(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
