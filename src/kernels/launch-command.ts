/** What a kernelspec turns into when it is started: a command and its environment. Pure. */
import { basename, dirname } from 'node:path';
import type { KernelSpec } from './kernelspecs.js';

/** Variables that are credentials of the server or its own settings; no kernel gets them. */
const secretNames = [/^NBSERVER_/, /^JUPYTER_TOKEN$/, /^JPY_API_TOKEN$/, /^JUPYTER_SERVER_TOKEN$/];

export interface LaunchContext {
  connectionFile: string;
  /** home directory, for a `~` in argv */
  homeDir?: string;
  /** the server's environment */
  baseEnv: Readonly<Record<string, string | undefined>>;
  /** names of further variables that are not passed on */
  secrets?: readonly string[];
  /** added last */
  env?: Readonly<Record<string, string>>;
  sessionName?: string;
  /** process id of the server: kernels end when it does */
  parentPid: number;
}

/** The command of a spec with its placeholders filled in; unknown `{names}` stay as they are (Jupyter does the same). */
export function launchArguments(spec: KernelSpec, { connectionFile, homeDir }: LaunchContext): string[] {
  const values: Record<string, string | undefined> = {
    connection_file: connectionFile,
    resource_dir: spec.resourceDir,
    prefix: prefixOf(spec.resourceDir),
  };
  return spec.argv.map((argument) => {
    const filled = argument.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
    return homeDir !== undefined && /^~(\/|$)/.test(filled) ? homeDir + filled.slice(1) : filled;
  });
}

/** The server's environment without its secrets, then the spec's, then what the caller adds. */
export function launchEnvironment(spec: KernelSpec, context: LaunchContext): Record<string, string> {
  const { baseEnv, secrets = [], env = {}, sessionName, parentPid } = context;
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(baseEnv)) {
    const isSecret = secrets.includes(name) || secretNames.some((pattern) => pattern.test(name));
    if (value !== undefined && !isSecret) result[name] = value;
  }
  const inherited = { ...result };
  for (const [name, value] of Object.entries(spec.env)) result[name] = fillTemplate(value, inherited);
  Object.assign(result, env);
  result.JPY_PARENT_PID = String(parentPid);
  if (sessionName !== undefined) result.JPY_SESSION_NAME = sessionName;
  return result;
}

/** `${NAME}`, `$NAME` and `$$`, as Python's string.Template has them; unknown names stay as they are. */
function fillTemplate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$(?:\$|\{(\w+)\}|([A-Za-z_]\w*))/g, (whole, braced?: string, plain?: string) => {
    const name = braced ?? plain;
    return name === undefined ? '$' : (values[name] ?? whole);
  });
}

/** `/usr` for a spec in `/usr/share/jupyter/kernels/NAME`. */
function prefixOf(resourceDir: string | undefined): string | undefined {
  if (resourceDir === undefined) return undefined;
  const folders = ['kernels', 'jupyter', 'share'];
  let at = dirname(resourceDir);
  for (const folder of folders) {
    if (basename(at) !== folder) return undefined;
    at = dirname(at);
  }
  return at;
}
