/** What the rest of the server gives to and gets from `src/tls`. */
import type { SecureContextOptions } from 'node:tls';

import type { Log } from '../log.js';

export interface TlsOptions {
  /** a PEM file with the certificate chain, or with both certificate and key; `auto` makes one in `autoDirectory` */
  certfile: string;
  /** the private key, when it is not in certfile */
  keyfile?: string;
  /** of an encrypted key */
  passphrase?: string;
  /** CA of client certificates, which are required then */
  clientCa?: string;
  /** names and addresses that an `auto` certificate must be good for, besides this machine's own */
  hostnames?: readonly string[];
  /** where `auto` keeps its certificate; 0700 */
  autoDirectory?: string;
  /** OpenSSL cipher list, Node's `--tls-cipher-list`; absent: ECDHE with AES-GCM or ChaCha20 only */
  ciphers?: string;
  log: Log;
}

/** What the start message and `nbserver certificate` tell about a certificate. */
export interface CertificateInfo {
  /** `AB:CD:…`, SHA-256 of the DER certificate */
  fingerprint256: string;
  validFrom: Date;
  validTo: Date;
  /** DNS names and addresses of the subjectAltName */
  names: string[];
  subject: string;
  selfSigned: boolean;
  keyType: 'rsa' | 'ec' | 'ed25519' | 'other';
  /** bits; RSA modulus or size of the curve, 0 when unknown */
  keyBits: number;
  /** sentences for the log: short key, expires soon, expired */
  warnings: string[];
}

/** A certificate in use, which may be replaced while the server runs. */
export interface TlsSource {
  /** for `https.createServer` */
  readonly options: SecureContextOptions & { honorCipherOrder: boolean; requestCert?: boolean };
  readonly info: CertificateInfo;
  /** Loads the files again if they changed; a pair that does not load keeps the old one and says so once. */
  reload(): Promise<void>;
  /** Calls the listener after each replacement. */
  onChange(listener: (source: TlsSource) => void): { close(): void };
  close(): void;
}
