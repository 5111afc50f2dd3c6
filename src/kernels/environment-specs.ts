/** Offers each Python environment that has ipykernel as a kernel of its own, under a name that stays the same. */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { EnvironmentModel } from '../protocol/rest-models.js';
import { findEnvironments, installCommand } from './environments.js';
import type { EnvironmentPlaces, PythonEnvironment } from './environments.js';
import type { KernelSpec } from './kernelspecs.js';

/** ms that the first list of kernels waits for the search; on a slow disk it goes on behind it. */
const patience = 500;
/** ms after which a search is repeated behind the next list. */
const freshFor = 10_000;

export class EnvironmentSpecs {
  readonly #places: EnvironmentPlaces;
  #found: PythonEnvironment[] = [];
  #at = 0;
  #searching: Promise<void> | undefined;
  /** the first list has waited for the search */
  #hasWaited = false;

  constructor(places: EnvironmentPlaces) {
    this.#places = places;
  }

  /** The kernels by name. Answers at once with what is known, and looks again behind it now and then. */
  async list(): Promise<KernelSpec[]> {
    if (Date.now() - this.#at > freshFor) void this.#search();
    if (!this.#hasWaited) await Promise.race([this.#searching, pause(patience)]);
    this.#hasWaited = true;
    return [...this.#named()].flatMap(([name, environment]) => {
      const spec = specOf(name, environment);
      return spec ? [spec] : [];
    });
  }

  /** Every environment, searched for now: who installed something wants to see it. */
  async models(): Promise<EnvironmentModel[]> {
    await this.#search();
    return [...this.#named()].map(([name, environment]) => ({
      kind: environment.kind,
      name: environment.name,
      display_name: displayName(environment),
      python: environment.python,
      version: environment.version,
      kernel_name: environment.ipykernel === undefined ? null : name,
      install_command: environment.ipykernel === undefined ? installCommand(environment) : null,
    }));
  }

  /**
   * By kernelspec name. Notebooks remember it, so it comes from the environment's own name; of several that are called
   * the same, all but the first (by path) have a piece of the hash of their path in it.
   */
  #named(): Map<string, PythonEnvironment> {
    const named = new Map<string, PythonEnvironment>();
    for (const environment of this.#found) {
      const { kind, name, prefix } = environment;
      const group = kind === 'conda' || kind === 'pyenv' ? kind : 'venv';
      const plain = `${group}-${name.toLowerCase().replace(/[^a-z0-9._-]+/g, '-')}`;
      const hash = createHash('sha256').update(prefix).digest('hex').slice(0, 6);
      named.set(named.has(plain) ? `${plain}-${hash}` : plain, environment);
    }
    return named;
  }

  #search(): Promise<void> {
    this.#searching ??= findEnvironments(this.#places)
      .then((found) => {
        this.#found = found;
        this.#at = Date.now();
      })
      .finally(() => (this.#searching = undefined));
    return this.#searching;
  }
}

function specOf(name: string, environment: PythonEnvironment): KernelSpec | undefined {
  const { kind, prefix, python, ipykernel } = environment;
  if (ipykernel === undefined) return undefined;
  const active: Record<string, string> =
    kind === 'conda'
      ? { CONDA_PREFIX: prefix, CONDA_DEFAULT_ENV: environment.name }
      : { VIRTUAL_ENV: prefix };
  return {
    name,
    displayName: displayName(environment),
    language: 'python',
    argv: [python, '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
    // As after its activation: what a cell runs by name comes from the environment.
    env: { PATH: `${dirname(python)}:\${PATH}`, ...(kind === 'pyenv' ? {} : active) },
    interruptMode: 'signal',
    metadata: { debugger: true, environment: { kind, prefix } },
    resourceDir: join(ipykernel, 'resources'),
  };
}

function displayName({ kind, name, version }: PythonEnvironment): string {
  const python = version === '' ? 'Python' : `Python ${version}`;
  return kind === 'conda' || kind === 'pyenv' ? `${python} (${kind}: ${name})` : `${python} (${name})`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
