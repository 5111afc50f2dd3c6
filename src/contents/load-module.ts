/** Loads what an option names: a module by its path, or an installed package. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../message-of.js';

export interface ModuleRequest {
  /** whose value it is, for messages */
  option: string;
  /** `./my-store.mjs`, an absolute path, or the name of a package */
  name: string;
  /** directory that a relative path is meant from */
  baseDirectory: string;
  /** ends the message when there is no such package */
  hint: string;
}

/**
 * @returns its default export
 * @throws Error with one line for the user
 */
export async function loadModule(request: ModuleRequest): Promise<unknown> {
  const { option, name, baseDirectory } = request;
  const isPath = name.startsWith('.') || isAbsolute(name) || /\.[cm]?js$/.test(name);
  const location = isPath ? resolve(baseDirectory, name) : resolvePackage(request);
  if (isPath && !existsSync(location)) throw new Error(`${option}: there is no file ${location}`);
  try {
    return defaultExport(await import(pathToFileURL(location).href));
  } catch (error) {
    throw new Error(`${option}: ${name} could not be loaded: ${firstLine(error)}`, { cause: error });
  }
}

/** Looked for beside the configuration file first, then beside the server itself. */
function resolvePackage({ option, name, baseDirectory, hint }: ModuleRequest): string {
  for (const from of [join(baseDirectory, 'noop.js'), import.meta.url]) {
    try {
      return createRequire(from).resolve(name);
    } catch {
      // looked for in the next place; not finding it anywhere is reported below
    }
  }
  throw new Error(`${option}: ${hint}`);
}

function defaultExport(module: unknown): unknown {
  const value = (module as { default?: unknown }).default;
  // a CommonJS module that was compiled from ES modules
  const inner =
    typeof value === 'object' && value !== null ? (value as { default?: unknown }).default : undefined;
  return inner ?? value;
}

export function firstLine(error: unknown): string {
  return messageOf(error).split('\n')[0] ?? '';
}
