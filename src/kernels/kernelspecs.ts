/** Which kernels are installed: the kernelspecs of the Jupyter data directories, and the ones that we add ourselves. */
import { readdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import type { EnvironmentModel, KernelspecModel, KernelspecsModel } from '../protocol/rest-models.js';
import { denoSpec } from './deno.js';
import { EnvironmentSpecs } from './environment-specs.js';
import type { EnvironmentPlaces } from './environments.js';
import { KernelspecFiles } from './kernelspec-files.js';
import { PythonSearch } from './python-search.js';
import type { PythonSearchOptions } from './python-search.js';

/** A kernelspec that can be started: a valid kernel.json with its directory. */
export interface KernelSpec {
  /** directory name in lower case; the key in the API */
  readonly name: string;
  readonly displayName: string;
  readonly language: string;
  /** command with `{connection_file}`, `{resource_dir}`, `{prefix}` still in it */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly interruptMode: 'signal' | 'message';
  readonly metadata: Readonly<Record<string, unknown>>;
  /** holds kernel.json, kernel.js and logos; undefined for a spec that we made ourselves */
  readonly resourceDir?: string;
}

export interface KernelspecOptions {
  /** the Jupyter data path, first wins; kernels are looked for in `kernels` below each */
  dataPath: readonly string[];
  /** home directory: `.ipython/kernels` below it is searched last */
  home?: string;
  /** PATH: a `deno` on it is offered; absent: none is */
  path?: string;
  /** names that may be used; all when absent or empty */
  allowed?: readonly string[];
  /** kernel of new notebooks; by default a Python one when there is one, else ours */
  defaultName?: string;
  /** where a Python with ipykernel is looked for when no `python3` spec is installed; absent: nowhere */
  python?: PythonSearchOptions;
  /** where Python environments are looked for, to be offered by name; absent: nowhere */
  environments?: EnvironmentPlaces;
  /** the kernel of this package; a spec of the same name on the data path comes first */
  builtIn?: readonly KernelSpec[];
  log: Log;
}

/** Names of Python's own kernelspec, and of the one in this package. */
const pythonName = 'python3';
const javascriptName = 'javascript';

export class KernelspecManager {
  readonly #options: KernelspecOptions;
  readonly #files: KernelspecFiles;
  readonly #python: PythonSearch | undefined;
  readonly #environments: EnvironmentSpecs | undefined;

  constructor(options: KernelspecOptions) {
    this.#options = options;
    this.#files = new KernelspecFiles(options.log);
    if (options.python) this.#python = new PythonSearch(options.python);
    if (options.environments) this.#environments = new EnvironmentSpecs(options.environments);
  }

  /** Every kernelspec that may be used, by name. What was installed since the last call is there. */
  async list(): Promise<KernelSpec[]> {
    const { path = '', builtIn = [] } = this.#options;
    const found = await this.#installed();
    if (!found.has(pythonName)) {
      const python = await this.#python?.find();
      if (python !== undefined) found.set(pythonName, pythonSpec(python));
    }
    for (const spec of await this.#otherEnvironments([...found.values()])) found.set(spec.name, spec);
    const deno = found.has('deno') ? undefined : await denoSpec(path);
    if (deno) found.set(deno.name, deno);
    for (const own of builtIn) {
      if (!found.has(own.name)) found.set(own.name, own);
    }
    const specs = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return specs.filter(({ name }) => this.#isAllowed(name));
  }

  async get(name: string): Promise<KernelSpec | undefined> {
    const wanted = name.toLowerCase();
    // What is installed wins over all else, so that its start need not wait until all else is found.
    const installed = (await this.#installed()).get(wanted);
    if (installed) return this.#isAllowed(wanted) ? installed : undefined;
    const specs = await this.list();
    return specs.find((spec) => spec.name === wanted);
  }

  /** Those that have a kernelspec in a directory, by name. */
  async #installed(): Promise<Map<string, KernelSpec>> {
    const { dataPath, home } = this.#options;
    return this.#files.find([
      ...dataPath.map((dir) => join(dir, 'kernels')),
      ...(home === undefined ? [] : [join(home, '.ipython', 'kernels')]),
    ]);
  }

  #isAllowed(name: string): boolean {
    const { allowed = [] } = this.#options;
    return allowed.length === 0 || allowed.includes(name);
  }

  /** The kernelspec for new notebooks: the configured one, else a Python one, else ours. */
  async defaultName(): Promise<string> {
    const specs = await this.list();
    const has = (name: string | undefined) => name !== undefined && specs.some((spec) => spec.name === name);
    const configured = this.#options.defaultName?.toLowerCase();
    if (configured !== undefined && has(configured)) return configured;
    if (has(pythonName)) return pythonName;
    const python = specs.find(({ language }) => language.toLowerCase() === 'python');
    return python?.name ?? (has(javascriptName) ? javascriptName : (specs[0]?.name ?? javascriptName));
  }

  /**
   * The command of a spec. A bare `python` (octave's says so, and Debian has none of that name) becomes a Python that
   * has the module it is to run, if there is one.
   */
  async resolvePython(argv: readonly string[]): Promise<string> {
    const [command = '', option, module] = argv;
    if (!/^python(3(\.\d+)?)?$/.test(command)) return command;
    return (await this.#python?.find(option === '-m' ? module : undefined)) ?? command;
  }

  /** The Python environments of this user, those without ipykernel with the command that adds it. */
  async environments(): Promise<EnvironmentModel[]> {
    return (await this.#environments?.models()) ?? [];
  }

  /** Environments that no installed kernelspec starts already. */
  async #otherEnvironments(installed: readonly KernelSpec[]): Promise<KernelSpec[]> {
    const offered = (await this.#environments?.list()) ?? [];
    if (offered.length === 0) return [];
    const used = new Set(await Promise.all(installed.map(({ argv }) => commandFolder(argv[0]))));
    const names = new Set(installed.map(({ name }) => name));
    return offered.filter(({ name, argv }) => !names.has(name) && !used.has(dirname(argv[0] ?? '')));
  }

  /**
   * Body of `GET api/kernelspecs`.
   *
   * @param baseUrl  where the server's addresses start, for example `/ipython/`
   */
  async models(baseUrl: string): Promise<KernelspecsModel> {
    const specs = await this.list();
    const models = await Promise.all(specs.map((spec) => this.#model(spec, baseUrl)));
    return {
      default: await this.defaultName(),
      kernelspecs: Object.fromEntries(models.map((model) => [model.name, model])),
    };
  }

  /** @throws {HttpError} 404 when there is no such kernelspec */
  async model(name: string, baseUrl: string): Promise<KernelspecModel> {
    const spec = await this.get(name);
    if (!spec) throw new HttpError(404, `Kernel spec ${name} not found`);
    return this.#model(spec, baseUrl);
  }

  async #model(spec: KernelSpec, baseUrl: string): Promise<KernelspecModel> {
    const { name, argv, env, displayName, language, interruptMode, metadata } = spec;
    return {
      name,
      spec: {
        argv: [...argv],
        env: { ...env },
        display_name: displayName,
        language,
        interrupt_mode: interruptMode,
        metadata: { ...metadata },
      },
      resources: await this.#resources(spec, baseUrl),
    };
  }

  /** Addresses of kernel.js, kernel.css and the logos that are there. */
  async #resources({ name, resourceDir }: KernelSpec, baseUrl: string): Promise<Record<string, string>> {
    if (resourceDir === undefined) return {};
    // The directory may have gone since it was listed; then there is nothing to show.
    const files = await readdir(resourceDir).catch(() => []);
    const resources: Record<string, string> = {};
    for (const file of files.sort()) {
      const isLogo = file.startsWith('logo-');
      if (!isLogo && file !== 'kernel.js' && file !== 'kernel.css') continue;
      const key = isLogo ? file.replace(/\.[^.]*$/, '') : file;
      const address = `kernelspecs/${encodeURIComponent(name)}/${encodeURIComponent(file)}`;
      resources[key] = baseUrl + address;
    }
    return resources;
  }
}

/** The folder of a command: of an environment's Python only the folder is its own, the file often is a link. */
async function commandFolder(command: string | undefined): Promise<string | undefined> {
  if (command === undefined || !isAbsolute(command)) return undefined;
  return realpath(dirname(command)).catch(() => undefined);
}

/** What ipykernel itself installs, for a Python that has it but no kernelspec. */
function pythonSpec(python: string): KernelSpec {
  return {
    name: pythonName,
    displayName: 'Python 3 (ipykernel)',
    language: 'python',
    argv: [python, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    env: {},
    interruptMode: 'signal',
    metadata: { debugger: true },
  };
}
