/** `--certfile=auto`: a self-signed certificate that is made on the first start, kept, and renewed in time. */
import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

import { certificateName, makeCertificate } from './self-signed.js';

/** Renewed so long before its end, in milliseconds: someone who starts the server once a month never meets an old one. */
const renewBefore = 30 * 24 * 3_600_000;

export interface AutoCertificate {
  /** the PEM file with key and certificate */
  file: string;
  /** why a new one was made; undefined when the one on disk is still good */
  made?: 'first' | 'expiring' | 'names' | 'damaged';
}

/**
 * @param directory  0700; made when missing
 * @param hostnames  names it must be good for. This machine's own addresses are put in as well, but a changed one makes no
 *   new certificate: everybody would have to trust it again.
 */
export async function autoCertificate(
  directory: string,
  hostnames: readonly string[] = [],
  now = Date.now(),
): Promise<AutoCertificate> {
  const file = autoFile(directory);
  const made = await reasonToMake(file, hostnames, now);
  if (made === undefined) return { file };
  const { pem } = await makeCertificate({ hostnames, now });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writePrivately(file, pem);
  return { file, made };
}

/** The directory of the certificate that a server makes for itself. @param state  the state directory of the user */
export function autoDirectory(state: string): string {
  return join(state, 'certificate');
}

/** The certificate in that directory, with its key. */
export function autoFile(directory: string): string {
  return join(directory, 'auto.pem');
}

export function isEnding(validTo: Date, now = Date.now()): boolean {
  return validTo.getTime() - now < renewBefore;
}

/** Writes a file that only its owner can read, whole or not at all. */
export async function writePrivately(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await unlink(draft).catch(() => {
      // It was not even made; the first error says why.
    });
    throw error;
  }
}

async function reasonToMake(
  file: string,
  hostnames: readonly string[],
  now: number,
): Promise<AutoCertificate['made']> {
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'first';
    throw error;
  }
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERTIFICATE-----')));
  } catch {
    // Ours alone, so nothing is lost by making it again.
    return 'damaged';
  }
  if (isEnding(new Date(certificate.validTo), now)) return 'expiring';
  return hostnames.map(certificateName).every((name) => isNamed(certificate, name)) ? undefined : 'names';
}

function isNamed(certificate: X509Certificate, name: string): boolean {
  if (isIP(name)) return certificate.checkIP(name) !== undefined;
  return (certificate.subjectAltName ?? '').split(', ').includes(`DNS:${name}`);
}
