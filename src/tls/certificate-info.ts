/** Reads a certificate and its key: what they are, and what a person should know about them. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import type { CertificateInfo } from './types.js';

/** Shorter RSA keys can be broken; browsers of today still take 1024 bits from a self-signed certificate. */
const shortRsaKey = 2048;
const day = 24 * 3_600_000;
const soon = 30 * day;

/** A pair that cannot be used: a sentence that names the file and what to do. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/**
 * Checks that certificate and key are readable and belong together.
 *
 * @param names  of the files, for the sentences
 * @throws {CertificateError}
 */
export function certificateInfo(
  pem: { cert: Buffer; key: Buffer; passphrase?: string },
  names: { certfile: string; keyfile: string },
  now = Date.now(),
): CertificateInfo {
  const certificate = readCertificate(pem.cert, names.certfile);
  const key = readKey(pem.key, names.keyfile, pem.passphrase);
  if (!certificate.checkPrivateKey(key)) {
    throw new CertificateError(
      names.certfile === names.keyfile
        ? `In ${names.certfile}, the key does not belong to the certificate.`
        : `The key in ${names.keyfile} does not belong to the certificate in ${names.certfile}.`,
    );
  }
  const info = {
    fingerprint256: certificate.fingerprint256,
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
    names: alternativeNames(certificate.subjectAltName),
    subject: certificate.subject.replaceAll('\n', ', '),
    // Self-signed means that nobody else vouches for it, whether or not it may sign others.
    selfSigned: certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey),
    ...keySize(key),
  };
  return { ...info, warnings: warnings(info, names.certfile, now) };
}

/** Bits and kind of a private key; an elliptic curve counts by its size. */
function keySize(key: KeyObject): Pick<CertificateInfo, 'keyType' | 'keyBits'> {
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss') {
    return { keyType: 'rsa', keyBits: details.modulusLength ?? 0 };
  }
  if (key.asymmetricKeyType === 'ec') {
    return { keyType: 'ec', keyBits: Number(/\d{3}/.exec(details.namedCurve ?? '')?.[0] ?? 0) };
  }
  return { keyType: key.asymmetricKeyType === 'ed25519' ? 'ed25519' : 'other', keyBits: 0 };
}

function readCertificate(pem: Buffer, file: string): X509Certificate {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new CertificateError(
      `${file} holds no certificate (no "BEGIN CERTIFICATE" line). Make one with: nbserver certificate --out ${file}`,
    );
  }
  try {
    return new X509Certificate(firstCertificate(pem));
  } catch (error) {
    throw new CertificateError(`The certificate in ${file} cannot be read. It may be cut off or damaged.`, {
      cause: error,
    });
  }
}

/** X509Certificate reads the first block only if nothing but a certificate comes first: a key may stand before it. */
function firstCertificate(pem: Buffer): string {
  const text = pem.toString('latin1');
  return text.slice(text.indexOf('-----BEGIN CERTIFICATE-----'));
}

function readKey(pem: Buffer, file: string, passphrase: string | undefined): KeyObject {
  const text = pem.toString('latin1');
  const block = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^]*?-----END \1PRIVATE KEY-----/.exec(text)?.[0];
  if (block === undefined) {
    throw new CertificateError(
      `${file} holds no private key (no "BEGIN PRIVATE KEY" line). Give its file with --keyfile.`,
    );
  }
  const encrypted = block.includes('BEGIN ENCRYPTED') || block.includes('Proc-Type: 4,ENCRYPTED');
  if (encrypted && !passphrase) {
    throw new CertificateError(
      `The private key in ${file} is encrypted, and nbserver has no way to ask for its password. ` +
        `Write it without one: openssl pkey -in ${file} -out plain-key.pem (and chmod 600 plain-key.pem).`,
    );
  }
  try {
    return createPrivateKey({ key: block, format: 'pem', ...(passphrase ? { passphrase } : {}) });
  } catch (error) {
    const why = encrypted ? 'its password is not the given one' : 'it may be cut off or damaged';
    throw new CertificateError(`The private key in ${file} cannot be read: ${why}.`, { cause: error });
  }
}

/** `DNS:localhost, IP Address:127.0.0.1` → names */
function alternativeNames(text: string | undefined): string[] {
  return [...(text ?? '').matchAll(/(?:DNS|IP Address):([^,\s"]+)/g)].map((match) => match[1] ?? '');
}

function warnings(info: Omit<CertificateInfo, 'warnings'>, file: string, now: number): string[] {
  const list: string[] = [];
  const date = info.validTo.toISOString().slice(0, 10);
  if (info.keyType === 'rsa' && info.keyBits < shortRsaKey) {
    list.push(
      `The key in ${file} has only ${info.keyBits} bits, which can be broken. "nbserver certificate" makes one with 2048.`,
    );
  }
  if (info.validTo.getTime() < now) {
    list.push(`The certificate in ${file} expired on ${date}. Browsers refuse it; make a new one.`);
  } else if (
    info.validTo.getTime() - now < soon &&
    info.validTo.getTime() - info.validFrom.getTime() > 2 * soon
  ) {
    list.push(`The certificate in ${file} expires on ${date}.`);
  }
  if (info.validFrom.getTime() > now) {
    list.push(`The certificate in ${file} is not valid before ${info.validFrom.toISOString()}.`);
  }
  return list;
}
