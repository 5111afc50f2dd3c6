/**
 * Which Host headers are ours: the wall against DNS rebinding, where a hostile name is made to resolve to this machine
 * so that its pages count as our own origin.
 */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface HostRules {
  /** any name: bound publicly with password and TLS, where a hostile name fails the certificate or knows no cookie */
  any: boolean;
  /** lower-case names and addresses that are accepted besides loopback and our own interfaces */
  names: ReadonlySet<string>;
}

export interface HostSettings {
  ip: string;
  sock?: string;
  tls: boolean;
  /** neither password nor token: nothing but the network itself protects the server */
  authOff: boolean;
  publicUrl?: string;
  localHostnames?: readonly string[];
}

export function hostRules(settings: HostSettings): HostRules {
  const listed = (settings.localHostnames ?? []).filter((name) => name.trim() !== '');
  const names = new Set(listed.map((name) => hostName(name.trim()) ?? name.trim().toLowerCase()));
  if (settings.publicUrl) names.add(hostName(new URL(settings.publicUrl).host) ?? '');
  // A server bound to a name answers to that name.
  if (!isWildcard(settings.ip) && !settings.sock) names.add(hostName(bracketed(settings.ip)) ?? '');
  names.add('localhost');
  names.delete('');
  const open = !isLoopbackBound(settings) && settings.tls && !settings.authOff && listed.length === 0;
  return { any: open, names };
}

/** Whether only this machine can reach the server: a unix socket, `localhost` or a loopback address. */
export function isLoopbackBound({ ip, sock }: { ip: string; sock?: string }): boolean {
  return Boolean(sock) || /^(.+\.)?localhost$/i.test(ip) || isLoopbackAddress(ip);
}

/**
 * @param host  a Host header, with or without port
 * @param own   the addresses of our interfaces; no attacker can make a browser believe that a name is one of these
 */
export function hostAllowed(
  host: string,
  rules: HostRules,
  own: () => ReadonlySet<string> = ownAddresses,
): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  if (rules.any || rules.names.has(name) || isLoopbackAddress(name)) return true;
  return isIP(name) > 0 && own().has(name);
}

/** The name of a Host header: lower case, no port, no brackets, no final dot; undefined when it is none. */
export function hostName(host: string): string | undefined {
  if (host === '' || host.length > 300 || /[\s/\\?#@%,]/.test(host) || !URL.canParse(`http://${host}`)) {
    return undefined;
  }
  const name = new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  return name === '' ? undefined : name;
}

export function isWildcard(ip: string): boolean {
  return ip === '' || ip === '*' || ip === '0.0.0.0' || ip === '::';
}

function isLoopbackAddress(name: string): boolean {
  if (isIP(name) === 4) return name.startsWith('127.');
  return (
    isIP(name) === 6 && (hostName(`[${name}]`) === '::1' || /^::ffff:7f/.test(hostName(`[${name}]`) ?? ''))
  );
}

function bracketed(ip: string): string {
  return isIP(ip) === 6 ? `[${ip}]` : ip;
}

/** Addresses come and go (DHCP, VPN), so they are read again when older than this. */
const addressesAge = 5_000;
let addresses: { at: number; set: ReadonlySet<string> } | undefined;

/** Every address of this machine, as a URL writes it. */
export function ownAddresses(): ReadonlySet<string> {
  const now = Date.now();
  if (!addresses || now - addresses.at > addressesAge) {
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const set = new Set(
      all.map(({ address }) => hostName(bracketed(address.replace(/%.*$/, ''))) ?? address),
    );
    addresses = { at: now, set };
  }
  return addresses.set;
}
