/**
 * Makes self-signed certificates that browsers, phones and curl accept once they are trusted.
 *
 * The key comes from node:crypto (fast, off the main thread), the certificate from node-forge, which takes 1.8 MB and is
 * loaded on first use.
 */
import { generateKeyPair, randomBytes, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { promisify } from 'node:util';

export interface CertificateRequest {
  /** names and addresses besides this machine's own */
  hostnames?: readonly string[];
  /** how long it is valid, at most 398: browsers refuse longer ones */
  days?: number;
  /** milliseconds, for tests */
  now?: number;
}

export interface MadeCertificate {
  /** one PEM file: private key, then certificate */
  pem: string;
  /** `AB:CD:…`, SHA-256 */
  fingerprint256: string;
  validTo: Date;
  names: string[];
}

/** The longest time that Apple's and Google's browsers accept, counted with both ends. */
export const maxDays = 398;
const hour = 3_600_000;
const day = 24 * hour;

/** @throws {RangeError} when a name is neither a host name nor an address, or the time is too long */
export async function makeCertificate(request: CertificateRequest = {}): Promise<MadeCertificate> {
  const { hostnames = [], days = maxDays, now = Date.now() } = request;
  if (!(days > 0 && days <= maxDays)) {
    throw new RangeError(`A certificate may be valid for 1 to ${maxDays} days, not ${days}.`);
  }
  const names = certificateNames(hostnames);
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const { default: forge } = await import('node-forge');
  const key = forge.pki.privateKeyFromPem(privateKey);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.rsa.setPublicKey(key.n, key.e);
  certificate.serialNumber = randomSerial();
  // Phones whose clocks are a little slow must not find it "not valid yet".
  certificate.validity.notBefore = new Date(now - hour);
  certificate.validity.notAfter = new Date(now - hour + days * day - 1000);
  // The name that a person meets in the browser's or the phone's list of certificates.
  const subject = [
    { name: 'commonName', value: firstName(hostnames).slice(0, 64) },
    { name: 'organizationName', value: 'nbserver (self-signed)' },
  ];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    // iOS and Android offer to trust only what calls itself an authority. Without keyCertSign it can vouch for nobody else,
    // so that a stolen key opens this server and not the web of those who trusted it.
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
    },
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(key, forge.md.sha256.create());
  const certificatePem = forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
  const { fingerprint256, validTo } = new X509Certificate(certificatePem);
  return { pem: privateKey + certificatePem, fingerprint256, validTo: new Date(validTo), names };
}

/** This machine's names and addresses, then the given ones: each once, names in lower case. */
export function certificateNames(hostnames: readonly string[]): string[] {
  const host = hostname().toLowerCase();
  const [short = host] = host.split('.');
  const own = ['localhost', '127.0.0.1', '::1', host, `${short}.local`].filter(isCertificateName);
  const interfaces = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address, scopeid }) => !scopeid && !address.startsWith('fe80:'))
    .map(({ address }) => address);
  return [...new Set([...own, ...interfaces, ...hostnames.map(certificateName)])];
}

/**
 * One given name as it stands in the certificate.
 * @throws {RangeError} when it is neither a host name nor an address
 */
export function certificateName(text: string): string {
  const name = text
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1');
  if (isCertificateName(name)) return name;
  throw new RangeError(
    `"${text}" is neither a host name like nb.example.org nor an address like 192.168.1.5. Leave out https:// and the port.`,
  );
}

/** An address, or a host name in ASCII, whose first label may be `*`. */
function isCertificateName(name: string): boolean {
  if (isIP(name)) return true;
  const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
  return name.length <= 253 && new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`).test(name);
}

/** What the person asked for says more than what the machine calls itself. */
function firstName(hostnames: readonly string[]): string {
  const [asked] = hostnames;
  return asked === undefined ? hostname().toLowerCase() || 'localhost' : certificateName(asked);
}

/** 16 random bytes in hex. The first bit is 0, as a serial number is positive, and the first byte is not. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
