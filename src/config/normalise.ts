/**
 * Brings single values into their one form, or throws an Error whose message completes the sentence
 * "OPTION …". Pure.
 */

export function ip(value: string): string {
  if (value === '') return '*';
  if (/[\s/]/.test(value)) throw new Error('must be an address, a host name or "*"');
  return value.replace(/^\[(.*)\]$/, '$1');
}

/** `ipython` becomes `/ipython/`. */
export function baseUrl(value: string): string {
  const path = localPath(value, 'for example /ipython/');
  return path.endsWith('/') ? path : `${path}/`;
}

export function defaultUrl(value: string): string {
  return localPath(value, 'for example /tree');
}

/** A path of this server with a leading slash; never an address that a browser would take for another host. */
function localPath(value: string, example: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(value) || value.startsWith('//') || value.includes('\\'))
    throw new Error(`must be a path on this server, ${example}, not an address`);
  if (/[\s"'<>?#\u0000-\u001f]/.test(value) || value.split('/').some((part) => part === '.' || part === '..'))
    throw new Error(`must be a plain path, ${example}`);
  const path = value.startsWith('/') ? value : `/${value}`;
  if (path.includes('//')) throw new Error(`must not have empty parts (//), ${example}`);
  return new URL(path, 'http://localhost').pathname; // percent-encoded, as requests have it
}

export function publicUrl(value: string): string {
  if (value === '') return '';
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new Error('must be a whole address, for example https://nb.example.org/ipython/');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new Error('must begin with https:// (or http://)');
  if (url.username || url.password || url.search || url.hash)
    throw new Error('must be scheme, host, port and path only, for example https://nb.example.org/ipython/');
  return url.origin + baseUrl(url.pathname);
}

/** Accepts every form that `passwdCheck` may verify; a plain password here is the classic mistake. */
export function passwordHash(value: string): string {
  if (value === '') return '';
  if (/^[a-z0-9_-]+:\$\S+\$\S+$/i.test(value)) return value; // argon2:$argon2id$…, scrypt:$scrypt$…
  if (/^[a-z0-9_-]+:[^:\s]*:[0-9a-f]+$/i.test(value)) return value;
  throw new Error('must be a hash, not the password itself; "nbserver passwd" makes one');
}

export function socketMode(value: string): string {
  if (!/^(0o?)?[0-7]{3}$/.test(value)) throw new Error('must be three octal digits, for example 0600');
  const digits = value.slice(-3);
  if ((parseInt(digits, 8) & 0o600) !== 0o600)
    throw new Error('must let its owner read and write, for example 0600');
  return `0${digits}`;
}

export function allowOrigin(value: string): string {
  if (value === '' || value === '*') return value;
  let origin: string;
  try {
    origin = new URL(value).origin;
  } catch {
    origin = 'null';
  }
  if (origin === 'null') throw new Error('must be an origin such as https://example.org, or "*"');
  return origin;
}

export function originPattern(value: string): string {
  try {
    new RegExp(`^(?:${value})$`);
  } catch (error) {
    throw new Error(`must be a regular expression (${(error as Error).message})`, { cause: error });
  }
  return value;
}

export function managerClass(value: string): string {
  if (value.trim() === '') throw new Error('must name a notebook manager, for example FileNotebookManager');
  return value;
}

export function webappSettings(value: { static_url_prefix?: string }): { static_url_prefix?: string } {
  const prefix = value.static_url_prefix;
  if (prefix === undefined) return {};
  try {
    return { static_url_prefix: baseUrl(prefix) };
  } catch (error) {
    throw new Error('needs a static_url_prefix that is a path on this server, for example /ipython/static/', {
      cause: error,
    });
  }
}

export function terminadoSettings(value: { shell_command?: unknown }): { shell_command?: readonly string[] } {
  const command = value.shell_command;
  if (command === undefined) return {};
  const isArgv = Array.isArray(command) && command.length > 0;
  if (!isArgv || !command.every((part): part is string => typeof part === 'string'))
    throw new Error('needs a shell_command that is a list of strings, for example ["/bin/zsh", "-l"]');
  return { shell_command: command };
}

/** `49152-65535`; kernels take five ports each, and those below 1024 are root's. */
export function portRange(value: string): string {
  const { first, last } = parsePortRange(value);
  if (!(first >= 1024 && last <= 65535 && last - first >= 9))
    throw new Error(
      'must be two ports from 1024 to 65535, at least ten ports apart, for example 49152-65535',
    );
  return `${first}-${last}`;
}

/** NaN where the text is no range. */
export function parsePortRange(value: string): { first: number; last: number } {
  const [, first, last] = /^\s*(\d+)\s*-\s*(\d+)\s*$/.exec(value) ?? [];
  return { first: Number(first), last: Number(last) };
}
