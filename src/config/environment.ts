/** What the environment says about options: `JUPYTER_PORT=9999`, or `JUPYTER_TOKEN_FILE=/run/secrets/token`. */
import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.js';
import type { Entry } from './config-file.js';
import { describeOption, optionNames } from './options.js';
import type { OptionName } from './options.js';
import type { Environment } from './paths.js';
import { valueOfText } from './values.js';

/** @param cwd  relative paths are meant from here, as in any shell */
export function environmentEntries(env: Environment, cwd: string): Entry[] {
  return optionNames.flatMap((name) => {
    const variable = describeOption(name).env?.find((candidate) => isSet(env[candidate]));
    if (variable === undefined) return [];
    const text = textOf(name, variable, env[variable] ?? '');
    return [
      {
        written: name,
        value: valueOfText(name, text),
        origin: `env ${variable}`,
        subject: variable,
        base: cwd,
      },
    ];
  });
}

/**
 * An empty variable is how compose and unit files say "not set"; and Kubernetes sets JUPYTER_PORT to an address
 * (tcp://10.0.0.1:80) in every container beside a service that is called "jupyter".
 */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && !value.startsWith('tcp://');
}

function textOf(name: OptionName, variable: string, given: string): string {
  const namesAFile = variable.endsWith('_FILE') && !describeOption(name).path;
  return namesAFile ? readSecretFile(variable, given) : given;
}

/**
 * Most editors and `echo` put a newline at the end, which nobody means (jupyter_server keeps it). An empty file is
 * an error, because an empty token turns the check off.
 */
function readSecretFile(variable: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${variable} names ${path}, which cannot be read (${code}).`);
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new ConfigError(`${variable} names ${path}, which is empty.`);
  return secret;
}
