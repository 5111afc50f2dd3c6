/** What `import` and `require` mean in a cell: as in a file that lies in the notebook's folder. */
import { statSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { importerName, metaName } from './rewrite-modules.js';

type Importer = (specifier: string, options?: unknown) => Promise<unknown>;

/** Deprecated ones, and `module`, which means something else in a file. */
const notOffered = new Set(['module', 'punycode', 'sys']);

/**
 * Defines the globals of the module systems: the importer that `rewrite-modules.ts` calls, `require`, `__dirname`, and the
 * built-in modules under their names (`fs`, `path`, …) as at Node's own prompt.
 *
 * @param file  absolute; a name in the notebook's folder
 */
export function installModules(file: string): void {
  const folder = dirname(file);
  const require = createRequire(file);
  const importer = createImporter(file, require);
  define(importerName, importer);
  define(metaName, {
    url: pathToFileURL(file).href,
    filename: file,
    dirname: folder,
    resolve: (specifier: string) => pathToFileURL(require.resolve(specifier)).href,
  });
  define('require', require);
  define('__dirname', folder);
  for (const name of builtinModules) {
    if (name.startsWith('_') || name.includes('/') || notOffered.has(name) || name in globalThis) continue;
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get: () => require(name) as unknown,
      set: (value: unknown) => {
        Object.defineProperty(globalThis, name, {
          value,
          writable: true,
          configurable: true,
          enumerable: true,
        });
      },
    });
  }
}

/**
 * A dynamic import as the given file would see it.
 *
 * A local file that changed since it was imported is loaded anew: a notebook is where people edit `./helper.js` and run
 * the cell again. (Node never forgets a module; the files that it imports itself stay as they were.)
 */
function createImporter(file: string, require: NodeJS.Require): Importer {
  hideLoaderWarning();
  const load = new vm.Script('(specifier, options) => import(specifier, options)', {
    filename: file,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }).runInThisContext() as Importer;
  const seen = new Map<string, number>();
  return async (specifier, options) => {
    const local = localFile(String(specifier), file, require);
    if (!local) return load(String(specifier), options);
    const modified = statSync(local, { throwIfNoEntry: false })?.mtimeMs;
    if (modified === undefined) return load(specifier, options);
    const first = seen.get(local) ?? modified;
    seen.set(local, first);
    const url = pathToFileURL(local);
    if (modified !== first) url.searchParams.set('changed', String(modified));
    return load(url.href, options);
  };
}

/** Node warns at the first import that the constant is experimental; a notebook's reader can do nothing about it. */
function hideLoaderWarning(): void {
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (String(warning).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER')) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
}

/** The path of a specifier that names a file by its place; undefined for packages and other URLs. */
function localFile(specifier: string, from: string, require: NodeJS.Require): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (!/^(\.{0,2}\/|file:)/.test(specifier)) return undefined;
  const url = new URL(specifier, pathToFileURL(from));
  if (url.search || url.hash) return undefined;
  const path = fileURLToPath(url);
  // CommonJS is shared with `require`, which keeps its own cache.
  return path.endsWith('.cjs') || path in require.cache ? undefined : path;
}

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
