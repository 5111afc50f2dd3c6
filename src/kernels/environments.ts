/**
 * Finds the Python environments of this user by looking at directories: conda, venv, virtualenv, uv, pyenv.
 *
 * Nothing that is found is executed: what an environment is, and whether it has ipykernel, is in its files. Only
 * environments that belong to this user or to root count.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export type EnvironmentKind = 'conda' | 'venv' | 'virtualenv' | 'uv' | 'pyenv';

export interface PythonEnvironment {
  kind: EnvironmentKind;
  /** of the environment, or of the project whose `.venv` it is */
  name: string;
  /** its directory, without symbolic links */
  prefix: string;
  /** absolute path of its Python */
  python: string;
  /** for example `3.11`; '' when it does not say */
  version: string;
  /** directory of its ipykernel package; undefined when it has none */
  ipykernel: string | undefined;
}

export interface EnvironmentPlaces {
  home: string;
  /** its own environments, and those of the projects right below it, are found */
  notebookDirectory?: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** What projects call their environment. */
const projectFolders = ['.venv', 'venv', 'env'];
/** Where installers put conda, below the home directory and elsewhere. */
const condaFolders = ['miniconda3', 'anaconda3', 'miniforge3', 'mambaforge', 'micromamba', '.conda'];
const sharedConda = ['/opt/conda', '/opt/miniconda3', '/opt/anaconda3', '/opt/miniforge3'];
/** More directories than this are no list of environments or projects. */
const mostChildren = 300;

export async function findEnvironments(places: EnvironmentPlaces): Promise<PythonEnvironment[]> {
  const prefixes = await candidates(places);
  // One that vanishes or may not be read while we look is none.
  const found = await Promise.all(
    [...prefixes].map((prefix) => examine(prefix, places).catch(() => undefined)),
  );
  const byPrefix = new Map<string, PythonEnvironment>();
  for (const one of found) if (one && !byPrefix.has(one.prefix)) byPrefix.set(one.prefix, one);
  return [...byPrefix.values()].sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

/** The command that adds ipykernel. */
export function installCommand({ kind, prefix, python }: PythonEnvironment): string {
  if (kind === 'conda') return `conda install --prefix ${quote(prefix)} ipykernel`;
  // uv's environments have no pip.
  if (kind === 'uv') return `uv pip install --python ${quote(python)} ipykernel`;
  return `${quote(python)} -m pip install ipykernel`;
}

async function candidates({ home, notebookDirectory, env }: EnvironmentPlaces): Promise<Set<string>> {
  const given = (...names: string[]) => names.flatMap((name) => (env[name] ? [env[name]] : []));
  const condaRoots = [
    ...given('MAMBA_ROOT_PREFIX'),
    ...given('CONDA_EXE').map((file) => dirname(dirname(file))),
    ...condaFolders.map((name) => join(home, name)),
    ...sharedConda,
  ];
  const listed = await readFile(join(home, '.conda', 'environments.txt'), 'utf8').catch(() => '');
  const pyenv = join(env.PYENV_ROOT ?? join(home, '.pyenv'), 'versions');
  const pyenvVersions = await children(pyenv);
  const parents = [
    ...condaRoots.map((root) => join(root, 'envs')),
    ...pyenvVersions.map((version) => join(version, 'envs')),
    ...given('WORKON_HOME'),
    join(home, '.virtualenvs'),
    join(home, '.venvs'),
    join(home, '.local', 'share', 'virtualenvs'),
    join(home, '.cache', 'pypoetry', 'virtualenvs'),
    join(env.UV_PYTHON_INSTALL_DIR ?? join(home, '.local', 'share', 'uv', 'python')),
  ];
  const projects =
    notebookDirectory === undefined ? [] : [notebookDirectory, ...(await children(notebookDirectory))];
  return new Set([
    ...given('VIRTUAL_ENV', 'CONDA_PREFIX'),
    ...condaRoots,
    ...listed.split('\n').flatMap((line) => (line.startsWith('/') ? [line.trim()] : [])),
    ...pyenvVersions,
    ...(await Promise.all(parents.map(children))).flat(),
    ...projects.flatMap((project) => projectFolders.map((name) => join(project, name))),
  ]);
}

async function children(directory: string): Promise<string[]> {
  // Most of these places do not exist.
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  if (entries.length > mostChildren) return [];
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => join(directory, entry.name));
}

/** Undefined for what is no environment, or somebody else's. */
async function examine(directory: string, places: EnvironmentPlaces): Promise<PythonEnvironment | undefined> {
  const prefix = await realpath(directory).catch(() => undefined);
  if (prefix === undefined) return undefined;
  const python = join(prefix, 'bin', 'python');
  const [owner, program] = await Promise.all([stat(prefix), stat(python).catch(() => undefined)]);
  const isOurs = owner.uid === 0 || owner.uid === process.getuid?.();
  if (!program?.isFile() || !isOurs) return undefined;

  const settings = await venvSettings(prefix);
  const kind = await kindOf(prefix, settings, places);
  if (kind === undefined) return undefined;
  const libraries = await libraryFolders(prefix, settings);
  const version = /\d+\.\d+/.exec(settings?.get('version') ?? settings?.get('version_info') ?? '')?.[0];
  return {
    kind,
    name: nameOf(prefix, kind),
    prefix,
    python,
    version: version ?? /python(\d+\.\d+)$/.exec(dirname(libraries[0] ?? ''))?.[1] ?? '',
    ipykernel: await firstDirectory(libraries.map((folder) => join(folder, 'ipykernel'))),
  };
}

async function kindOf(
  prefix: string,
  settings: ReadonlyMap<string, string> | undefined,
  { home, env }: EnvironmentPlaces,
): Promise<EnvironmentKind | undefined> {
  if (await firstDirectory([join(prefix, 'conda-meta')])) return 'conda';
  if (settings?.has('uv')) return 'uv';
  if (settings?.has('virtualenv')) return 'virtualenv';
  if (settings) return 'venv';
  const pyenv = await realpath(env.PYENV_ROOT ?? join(home, '.pyenv')).catch(() => undefined);
  if (pyenv !== undefined && dirname(prefix) === join(pyenv, 'versions')) return 'pyenv';
  return /\/uv\/python\/[^/]+$/.test(prefix) ? 'uv' : undefined;
}

/** `pyvenv.cfg`, which venv, virtualenv and uv all write (PEP 405). */
async function venvSettings(prefix: string): Promise<ReadonlyMap<string, string> | undefined> {
  const text = await readFile(join(prefix, 'pyvenv.cfg'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n').map((line) => /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line));
  return new Map(lines.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : [])));
}

/** Where its packages are: its own, and those of the Python it is made from when it uses them, too. */
async function libraryFolders(
  prefix: string,
  settings: ReadonlyMap<string, string> | undefined,
): Promise<string[]> {
  const own = await sitePackages(prefix);
  const base = settings?.get('home');
  if (settings?.get('include-system-site-packages') !== 'true' || base === undefined) return own;
  const basePrefix = dirname(base);
  const debian = join(basePrefix, 'lib', 'python3', 'dist-packages');
  return [...own, ...(await sitePackages(basePrefix)), debian];
}

async function sitePackages(prefix: string): Promise<string[]> {
  const folders = await readdir(join(prefix, 'lib')).catch(() => []);
  return folders
    .filter((name) => /^python3\.\d+$/.test(name))
    .map((name) => join(prefix, 'lib', name, 'site-packages'));
}

async function firstDirectory(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const facts = await stat(folder).catch(() => undefined);
    if (facts?.isDirectory()) return folder;
  }
  return undefined;
}

function nameOf(prefix: string, kind: EnvironmentKind): string {
  const own = basename(prefix);
  if (kind === 'conda') return basename(dirname(prefix)) === 'envs' ? own : 'base';
  return projectFolders.includes(own) ? basename(dirname(prefix)) : own;
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
