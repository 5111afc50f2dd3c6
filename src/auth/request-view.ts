/** How the browser sees a request: scheme, host and address, looking through the proxies that we trust. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface RequestView {
  scheme: 'http' | 'https';
  /** the Host that the browser asked for, as written; '' when the request has none */
  host: string;
  /** `https://host:port`, default ports left out; '' when the host is no host */
  origin: string;
  /** of the client, for logs and throttling; `unix` for a unix socket */
  address: string;
}

/** Tells whether an address (or `unix`) belongs to a proxy whose X-Forwarded-* are believed. */
export type TrustedProxies = (address: string) => boolean;

/**
 * @param list  addresses, networks in CIDR form, or `loopback` (127.0.0.0/8, ::1 and unix sockets)
 * @throws {Error} that names the entry which is none of these
 */
export function trustedProxies(list: readonly string[]): TrustedProxies {
  const networks = new BlockList();
  let unix = false;
  for (const entry of list.map((text) => text.trim())) {
    if (entry === 'loopback' || entry === 'localhost') {
      networks.addSubnet('127.0.0.0', 8, 'ipv4');
      networks.addAddress('::1', 'ipv6');
      unix = true;
      continue;
    }
    const [address = '', bits, rest] = entry.split('/');
    const family = isIP(address);
    const prefix =
      bits === undefined ? (family === 6 ? 128 : 32) : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
    if (!family || rest !== undefined || !(prefix <= (family === 6 ? 128 : 32))) {
      throw new Error(
        `trusted_proxies: "${entry}" is not an address, a network like 10.0.0.0/8, or "loopback".`,
      );
    }
    networks.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  if (list.length === 0) return () => false;
  return (address) =>
    address === 'unix'
      ? unix
      : isIP(address) > 0 && networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

export function requestView(req: IncomingMessage, trusted: TrustedProxies): RequestView {
  const socket = req.socket as Partial<TLSSocket>;
  const peer = plainAddress(socket.remoteAddress ?? 'unix');
  let scheme: 'http' | 'https' = socket.encrypted ? 'https' : 'http';
  let host = req.headers.host ?? '';
  let address = peer;
  if (trusted(peer)) {
    const proto = (first(req, 'x-forwarded-proto') ?? first(req, 'x-scheme'))?.toLowerCase();
    if (proto === 'https' || proto === 'http') scheme = proto;
    host = first(req, 'x-forwarded-host') ?? host;
    address = clientAddress(req, trusted) ?? peer;
  }
  return { scheme, host, origin: toOrigin(scheme, host), address };
}

/** The right-most address that no trusted proxy reported about itself: what lies left of it, the client may have invented. */
function clientAddress(req: IncomingMessage, trusted: TrustedProxies): string | undefined {
  const chain = values(req, 'x-forwarded-for');
  for (const entry of chain.reverse()) {
    const address = plainAddress(entry);
    if (!isIP(address)) break;
    if (!trusted(address)) return address;
  }
  const real = plainAddress(first(req, 'x-real-ip') ?? '');
  return chain.length === 0 && isIP(real) ? real : undefined;
}

function values(req: IncomingMessage, name: string): string[] {
  const header = req.headers[name];
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** The left-most value of a list header is what the first proxy saw of the browser. */
function first(req: IncomingMessage, name: string): string | undefined {
  return values(req, name)[0];
}

/** `::ffff:10.0.0.1`, `[::1]:443` and `10.0.0.1:443` as plain addresses. */
function plainAddress(text: string): string {
  const bare = text.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare);
  return mapped?.[1] ?? bare.replace(/%.*$/, '');
}

function toOrigin(scheme: string, host: string): string {
  if (host === '' || /[\s/\\?#@]/.test(host) || !URL.canParse(`${scheme}://${host}`)) return '';
  return new URL(`${scheme}://${host}`).origin;
}
