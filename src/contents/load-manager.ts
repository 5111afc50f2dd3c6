/** Makes the store that `notebook_manager_class` names: a built-in one, a package, or a module by its path. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HttpError } from '../http-error.js';
import { CheckpointsBeside } from './checkpoints-beside.js';
import { NotebookManager } from './notebook-manager.js';
import { FileNotebookManager, type FileNotebookManagerOptions } from './stores/file.js';
import { MemoryNotebookManager } from './stores/memory.js';

export interface LoadOptions {
  /** directory that a relative module path is meant from: the one of the configuration file */
  baseDirectory: string;
  /** passed to the store: `notebook_dir`, `allow_hidden` and what stands in the store's section */
  options: Record<string, unknown> & FileNotebookManagerOptions;
}

/** What a factory gets, so that a store needs no import of ours. */
const parts = { NotebookManager, HttpError, FileNotebookManager };

/**
 * @param name `FileNotebookManager`, `MemoryNotebookManager`, a package, or a path (`./my-store.mjs`) to a module whose
 *             default export is a class that extends NotebookManager, or a factory `(parts, options) => store`
 * @throws Error with one line for the user, when there is no such module or it does not make a store
 */
export async function loadNotebookManager(
  name: string,
  { baseDirectory, options }: LoadOptions,
): Promise<NotebookManager> {
  if (name === 'FileNotebookManager') return new FileNotebookManager(options);
  if (name === 'MemoryNotebookManager') return new MemoryNotebookManager();
  const made = defaultExport(await importModule(name, baseDirectory));
  if (typeof made !== 'function') {
    throw new Error(
      `notebook_manager_class: the default export of ${name} must be a class that extends NotebookManager, or a function that makes a store`,
    );
  }
  let store: unknown;
  try {
    store = isClass(made)
      ? new (made as new (options: unknown) => unknown)(options)
      : await (made as (given: typeof parts, options: unknown) => unknown)(parts, options);
    // a factory may give the class instead of a store
    if (typeof store === 'function') store = new (store as new (options: unknown) => unknown)(options);
  } catch (error) {
    throw new Error(`notebook_manager_class: ${name} could not be started: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return checkStore(name, store);
}

async function importModule(name: string, baseDirectory: string): Promise<unknown> {
  const isPath = name.startsWith('.') || isAbsolute(name) || /\.[cm]?js$/.test(name);
  let location: string;
  if (isPath) {
    location = resolve(baseDirectory, name);
    if (!existsSync(location)) throw new Error(`notebook_manager_class: there is no file ${location}`);
  } else {
    location = resolvePackage(name, baseDirectory);
  }
  try {
    return await import(pathToFileURL(location).href);
  } catch (error) {
    throw new Error(`notebook_manager_class: ${name} could not be loaded: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Looked for beside the configuration file first, then beside the server itself. */
function resolvePackage(name: string, baseDirectory: string): string {
  for (const from of [join(baseDirectory, 'noop.js'), import.meta.url]) {
    try {
      return createRequire(from).resolve(name);
    } catch {
      // looked for in the next place; not finding it anywhere is reported below
    }
  }
  throw new Error(
    `notebook_manager_class: there is no notebook manager ${name}. Built in are FileNotebookManager and MemoryNotebookManager; a module is named by its path (./my-store.mjs) or as an installed package`,
  );
}

function defaultExport(module: unknown): unknown {
  const value = (module as { default?: unknown }).default;
  // a CommonJS module that was compiled from ES modules
  const inner =
    typeof value === 'object' && value !== null ? (value as { default?: unknown }).default : undefined;
  return inner ?? value;
}

function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

const METHODS = ['infoString', 'stat', 'list', 'read', 'write', 'makeDirectory', 'rename', 'remove'] as const;

/**
 * By its methods, not by `instanceof`: a store that imports NotebookManager from the package has another copy of that
 * class than the bundled server.
 */
function checkStore(name: string, store: unknown): NotebookManager {
  if (typeof store !== 'object' || store === null) {
    throw new Error(
      `notebook_manager_class: ${name} did not make a store, but ${store === null ? 'null' : typeof store}`,
    );
  }
  const candidate = store as Record<string, unknown>;
  const missing = METHODS.filter((method) => typeof candidate[method] !== 'function');
  if (missing.length > 0) {
    throw new Error(
      `notebook_manager_class: the store of ${name} lacks the method${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`,
    );
  }
  const manager = store as NotebookManager;
  if (candidate['checkpoints'] === undefined) {
    Object.defineProperty(store, 'checkpoints', { value: new CheckpointsBeside(manager), enumerable: true });
  }
  if (candidate['close'] === undefined) Object.defineProperty(store, 'close', { value: async () => {} });
  return manager;
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
