/** Makes the store that `notebook_manager_class` names: a built-in one, a package, or a module by its path. */
import { HttpError } from '../http-error.js';
import { CheckpointsBeside } from './checkpoints-beside.js';
import { firstLine, loadModule } from './load-module.js';
import { NotebookManager } from './notebook-manager.js';
import { cleanPath, joinPath, nameOf, parentOf } from './paths.js';
import { TrashBeside } from './trash-beside.js';
import { FileNotebookManager, type FileNotebookManagerOptions } from './stores/file.js';
import { MemoryNotebookManager } from './stores/memory.js';

export interface LoadOptions {
  /** directory that a relative module path is meant from: the one of the configuration file */
  baseDirectory: string;
  /** passed to every store: `notebook_dir`, `allow_hidden` and the other options of files */
  options: Record<string, unknown> & FileNotebookManagerOptions;
  /** sections of the configuration that are for stores, by their names; those of the store's own name are passed to it */
  sections?: StoreSections | undefined;
  /** told of each section that is for another store, or for none */
  onUnusedSection?: (section: string) => void;
}

export type StoreSections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What a factory gets, so that a store needs no import of ours. */
const parts = {
  NotebookManager,
  HttpError,
  FileNotebookManager,
  CheckpointsBeside,
  paths: { cleanPath, joinPath, nameOf, parentOf },
};

/**
 * @param name `FileNotebookManager`, `MemoryNotebookManager`, a package, or a path (`./my-store.mjs`) to a module whose
 *             default export is a class that extends NotebookManager, or a factory `(parts, options) => store`
 * @throws Error with one line for the user, when there is no such module or it does not make a store
 */
export async function loadNotebookManager(
  name: string,
  { baseDirectory, options: common, sections = {}, onUnusedSection }: LoadOptions,
): Promise<NotebookManager> {
  const all = Object.keys(sections);
  let used: string[] = [];
  /** The options of a store of that name. One whose name cannot be that of a section gets all: it knows which is meant. */
  const optionsFor = (className: string): LoadOptions['options'] => {
    const isNamed = /(Notebook|Contents)Manager$/.test(className);
    used = isNamed ? all.filter((section) => ['NotebookManager', className].includes(section)) : all;
    return Object.assign({}, common, ...used.map((section) => sections[section])) as LoadOptions['options'];
  };
  const store = await make(name, baseDirectory, optionsFor);
  for (const section of all) if (!used.includes(section)) onUnusedSection?.(section);
  return store;
}

type OptionsFor = (className: string) => LoadOptions['options'];

async function make(name: string, baseDirectory: string, optionsFor: OptionsFor): Promise<NotebookManager> {
  if (name === 'FileNotebookManager') return new FileNotebookManager(optionsFor(name));
  if (name === 'MemoryNotebookManager') return new MemoryNotebookManager();
  const hint = `there is no notebook manager ${name}. Built in are FileNotebookManager and MemoryNotebookManager; a module is named by its path (./my-store.mjs) or as an installed package`;
  const made = await loadModule({ option: 'notebook_manager_class', name, baseDirectory, hint });
  if (typeof made !== 'function') {
    throw new Error(
      `notebook_manager_class: the default export of ${name} must be a class that extends NotebookManager, or a function that makes a store`,
    );
  }
  let store: unknown;
  try {
    if (isClass(made)) store = new made(optionsFor(made.name));
    else {
      const factory = made as (given: typeof parts, options: unknown) => unknown;
      store = await factory(parts, optionsFor(made.name));
      // a factory may give the class instead of a store
      if (isClass(store)) store = new store(optionsFor(store.name || made.name));
    }
  } catch (error) {
    throw new Error(`notebook_manager_class: ${name} could not be started: ${firstLine(error)}`, {
      cause: error,
    });
  }
  return checkStore(name, store);
}

type StoreClass = new (options: unknown) => unknown;

function isClass(value: unknown): value is StoreClass {
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
  if (!('trash' in candidate)) {
    Object.defineProperty(store, 'trash', { value: new TrashBeside(manager), enumerable: true });
  }
  if (candidate['close'] === undefined) Object.defineProperty(store, 'close', { value: async () => {} });
  return manager;
}
