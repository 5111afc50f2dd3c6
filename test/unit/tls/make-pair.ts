/** Certificates of every kind that the tests need, made in the test. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import forge from 'node-forge';

export interface PairOptions {
  bits?: number;
  from?: Date;
  to?: Date;
  /** encrypts the key */
  passphrase?: string;
  name?: string;
  /** another pair that signs it; default: itself */
  issuer?: { name: string; key: string };
}

export function makePair({
  bits = 2048,
  from = new Date(Date.now() - 3_600_000),
  to = new Date(Date.now() + 200 * 24 * 3_600_000),
  passphrase,
  name = 'localhost',
  issuer,
}: PairOptions = {}): { key: string; cert: string; pem: string } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const plain = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const key = passphrase
    ? privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString()
    : plain;
  const forgeKey = forge.pki.privateKeyFromPem(plain);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.rsa.setPublicKey(forgeKey.n, forgeKey.e);
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = from;
  certificate.validity.notAfter = to;
  certificate.setSubject([{ name: 'commonName', value: name }]);
  certificate.setIssuer([{ name: 'commonName', value: issuer?.name ?? name }]);
  certificate.setExtensions([{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }]);
  const signer = issuer === undefined ? forgeKey : forge.pki.privateKeyFromPem(issuer.key);
  certificate.sign(signer, forge.md.sha256.create());
  const cert = forge.pki.certificateToPem(certificate);
  return { key, cert, pem: key + cert };
}
