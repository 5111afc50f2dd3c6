/** Who can reach an address, and whether that is safe: decided before anything listens. */
import { isIP } from 'node:net';

export interface Exposure {
  /** as configured; `*` and `''` are all interfaces */
  ip: string;
  /** a unix socket is as private as its file */
  sock: string;
  hasPassword: boolean;
  /** a configured token; one that is made for this start lives on the terminal only */
  hasToken: boolean;
  /** this server's own TLS */
  hasTls: boolean;
  isRoot: boolean;
  allowRoot: boolean;
  allowInsecure: boolean;
}

export function isLoopback(ip: string): boolean {
  if (ip === 'localhost' || ip.endsWith('.localhost') || ip === '::1') return true;
  return isIP(ip) === 4 && ip.startsWith('127.');
}

/** A sentence that names the commands that put it right; undefined when the start may go on. */
export function refusal(exposure: Exposure): string | undefined {
  if (exposure.sock || isLoopback(exposure.ip)) return undefined;
  if (exposure.isRoot && !exposure.allowRoot) {
    return (
      'Running as root is not recommended, and beyond this computer it needs --allow-root. ' +
      'Better start it as another user.'
    );
  }
  if (exposure.allowInsecure) return undefined;
  const where = exposure.ip === '*' || exposure.ip === '' ? 'the whole network' : exposure.ip;
  const missing = [
    ...(exposure.hasPassword || exposure.hasToken
      ? []
      : ['a password (set one with: nbserver passwd --write)']),
    ...(exposure.hasTls ? [] : ['https (add --certfile=auto, or --certfile=FILE)']),
  ];
  if (missing.length === 0) return undefined;
  return (
    `To serve ${where}, nbserver wants ${missing.join(' and ')}. ` +
    'The short way to both is: nbserver --public. ' +
    'To do it all the same, on a network that you trust entirely: ' +
    '--allow-insecure-public-access-without-password-or-tls'
  );
}

/** What is allowed but should be known, one sentence each. */
export function warnings(exposure: Exposure): string[] {
  const said: string[] = [];
  const beyond = !exposure.sock && !isLoopback(exposure.ip);
  if (exposure.isRoot) said.push('nbserver runs as root: every cell may do anything on this machine.');
  if (beyond && !exposure.hasTls) {
    said.push(
      `The server listens on ${exposure.ip || 'all addresses'} without encryption: passwords and notebooks can be read on the way.`,
    );
  }
  if (beyond && !exposure.hasPassword && !exposure.hasToken) {
    said.push('The server has no password and no token of yours: keep the printed link to yourself.');
  }
  return said;
}
