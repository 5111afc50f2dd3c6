/**
 * The Jupyter directories, as jupyter_core 5 defines them, and ours inside them. Pure functions of environment, home
 * and platform: nothing is created, and nothing is ever looked up relative to the current directory (CVE-2022-21699,
 * CVE-2025-30167).
 */
import { isAbsolute, join } from 'node:path';
import { ConfigError } from './config-error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Surroundings {
  env: Environment;
  /** the home directory */
  home: string;
  platform: NodeJS.Platform;
}

export interface Directories {
  /** where Jupyter's own and our configuration of this user lies */
  config: string;
  /** all directories of Jupyter configuration files, the most important first; includes `config` */
  configPath: string[];
  /** this user's data: kernels, and our state */
  data: string;
  /** all directories that hold `kernels/` and the like, the most important first; includes `data` */
  dataPath: string[];
  /** connection files and files about running servers (0700) */
  runtime: string;
  /** ours alone: session store, cookie secret, certificates, logins (0700) */
  state: string;
  /** holds `profile_NAME/` */
  profiles: string;
}

export function jupyterDirectories({ env, home, platform }: Surroundings): Directories {
  const single = (name: string) => absolute(name, env[name]);
  const list = (name: string) =>
    (env[name] ?? '')
      .split(':')
      .filter(Boolean)
      .map((dir) => absolute(name, dir) ?? dir);

  const config = single('JUPYTER_CONFIG_DIR') ?? join(home, '.jupyter');
  const data =
    single('JUPYTER_DATA_DIR') ??
    (platform === 'darwin' && !env.XDG_DATA_HOME
      ? join(home, 'Library', 'Jupyter')
      : join(single('XDG_DATA_HOME') ?? join(home, '.local', 'share'), 'jupyter'));
  // Python's user base and environment prefix: where `pip install --user` and a virtual or conda environment put kernels.
  const userBase = single('PYTHONUSERBASE') ?? join(home, '.local');
  const prefix = single('VIRTUAL_ENV') ?? single('CONDA_PREFIX');

  const search = (own: string, ...parts: string[]): string[] => {
    const user = [own, join(userBase, ...parts)];
    const environment = prefix === undefined ? [] : [join(prefix, ...parts)];
    return isTruthy(env.JUPYTER_PREFER_ENV_PATH) ? [...environment, ...user] : [...user, ...environment];
  };
  const configPath = isTruthy(env.JUPYTER_NO_CONFIG)
    ? []
    : [
        ...list('JUPYTER_CONFIG_PATH'),
        ...search(config, 'etc', 'jupyter'),
        '/usr/local/etc/jupyter',
        '/etc/jupyter',
      ];
  const dataPath = [
    ...list('JUPYTER_PATH'),
    ...search(data, 'share', 'jupyter'),
    '/usr/local/share/jupyter',
    '/usr/share/jupyter',
  ];
  return {
    config,
    configPath: unique(configPath),
    data,
    dataPath: unique(dataPath),
    runtime: single('JUPYTER_RUNTIME_DIR') ?? join(data, 'runtime'),
    state: join(data, 'nbserver'),
    profiles: join(config, 'nbserver'),
  };
}

export function profileDirectory(directories: Directories, profile: string): string {
  if (!/^[A-Za-z0-9_][\w.-]*$/.test(profile))
    throw new ConfigError(
      `"${profile}" cannot be the name of a profile: use letters, digits, "-", "_" and "." only.`,
    );
  return join(directories.profiles, `profile_${profile}`);
}

/** `~` and `~/x` become paths under the home directory; everything else stays. */
export function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(2)) : path;
}

/** The other direction, for messages: what lies under the home directory is shown with `~`. */
export function abbreviateHome(path: string, home: string): string {
  return home !== '/' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** jupyter_core reads these words as false. */
function isTruthy(value: string | undefined): boolean {
  return value !== undefined && !['', 'no', 'n', 'false', 'off', '0', '0.0'].includes(value.toLowerCase());
}

function absolute(name: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (isAbsolute(value)) return value;
  throw new ConfigError(`${name} must be an absolute path; it is "${value}".`);
}

function unique(paths: string[]): string[] {
  return [...new Set(paths)];
}
