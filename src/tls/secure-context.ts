/** The certificate in use: loaded, checked, and replaced while the server runs when its files change. */
import { constants } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, DEFAULT_CIPHERS } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';

import { messageOf } from '../message-of.js';
import { autoCertificate, isEnding } from './auto-certificate.js';
import { CertificateError, certificateInfo } from './certificate-info.js';
import type { CertificateInfo, TlsOptions, TlsSource } from './types.js';

/** Forward secrecy and authenticated encryption only (TLS 1.3 has nothing else anyway). */
const strongCiphers = 'ECDHE+AESGCM:ECDHE+CHACHA20';
/** How often the files are looked at, in milliseconds; a replaced certificate is to be served within 10 s. */
const pollInterval = 3_000;

/**
 * Loads a certificate and watches its files.
 *
 * @throws {CertificateError} a sentence: no such file, no key, not a pair, encrypted, refused by OpenSSL
 */
export async function loadTls(options: TlsOptions): Promise<TlsSource> {
  const source = new WatchedCertificate(options, await chooseFiles(options));
  await source.start();
  return source;
}

interface Files {
  certfile: string;
  keyfile: string;
}

interface Loaded {
  context: TlsSource['options'];
  info: CertificateInfo;
  /** changes when a file was written or replaced */
  stamp: string;
}

async function chooseFiles({ certfile, keyfile, hostnames, autoDirectory, log }: TlsOptions): Promise<Files> {
  if (certfile !== 'auto') return { certfile, keyfile: keyfile || certfile };
  if (!autoDirectory) throw new CertificateError('certfile=auto has no folder to keep the certificate in.');
  const { file, made } = await autoCertificate(autoDirectory, hostnames);
  if (made !== undefined) log.info(`${reasons[made]} ${file}`);
  return { certfile: file, keyfile: file };
}

const reasons = {
  first: 'Made a self-signed certificate:',
  expiring: 'The certificate came near its end; made a new one:',
  names: 'The certificate lacked a name of --hostname; made a new one:',
  damaged: 'The certificate could not be read; made a new one:',
};

class WatchedCertificate implements TlsSource {
  readonly #settings: TlsOptions;
  readonly #files: Files;
  readonly #listeners = new Set<(source: TlsSource) => void>();
  #timer: NodeJS.Timeout | undefined;
  #loaded: Loaded | undefined;
  /** of the pair that was last found unusable, so that it is not tried and complained about every time */
  #badStamp = '';
  #complaint = '';
  #busy: Promise<void> | undefined;

  constructor(settings: TlsOptions, files: Files) {
    this.#settings = settings;
    this.#files = files;
  }

  async start(): Promise<void> {
    this.#loaded = await load(this.#settings, this.#files);
    for (const warning of this.#loaded.info.warnings) this.#settings.log.warn(warning);
    this.#timer = setInterval(() => void this.reload(), pollInterval).unref();
  }

  get options(): TlsSource['options'] {
    return this.#current.context;
  }

  get info(): CertificateInfo {
    return this.#current.info;
  }

  reload(): Promise<void> {
    this.#busy ??= this.#reload().finally(() => (this.#busy = undefined));
    return this.#busy;
  }

  onChange(listener: (source: TlsSource) => void): { close(): void } {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  get #current(): Loaded {
    if (!this.#loaded) throw new Error('The certificate is not loaded yet.');
    return this.#loaded;
  }

  async #reload(): Promise<void> {
    const { log } = this.#settings;
    try {
      await this.#renewOwn();
      const stamp = await stampOf(this.#files);
      if (stamp === this.#current.stamp || stamp === this.#badStamp) return;
      // Noted before loading: a pair that is replaced file by file is looked at again once the second file is there.
      this.#badStamp = stamp;
      this.#loaded = await load(this.#settings, this.#files);
    } catch (error) {
      const complaint = messageOf(error);
      if (complaint !== this.#complaint) {
        log.warn(`The new certificate is not used, the old one stays in force: ${complaint}`);
      }
      this.#complaint = complaint;
      return;
    }
    this.#badStamp = '';
    this.#complaint = '';
    const { info } = this.#current;
    log.info(`A new certificate is in use, SHA-256 fingerprint ${info.fingerprint256}`);
    for (const warning of info.warnings) log.warn(warning);
    for (const listener of this.#listeners) listener(this);
  }

  /** A server that runs for a year renews its own certificate, too. */
  async #renewOwn(): Promise<void> {
    const { certfile, hostnames, autoDirectory } = this.#settings;
    if (certfile !== 'auto' || !autoDirectory || !isEnding(this.info.validTo)) return;
    await autoCertificate(autoDirectory, hostnames);
  }
}

async function load(settings: TlsOptions, files: Files): Promise<Loaded> {
  const stamp = await stampOf(files);
  const cert = await read(files.certfile);
  const key = files.keyfile === files.certfile ? cert : await read(files.keyfile);
  const ca = settings.clientCa ? await read(settings.clientCa) : undefined;
  const { passphrase } = settings;
  const info = certificateInfo({ cert, key, ...(passphrase ? { passphrase } : {}) }, files);
  const context: TlsSource['options'] = {
    cert,
    key,
    ...(passphrase ? { passphrase } : {}),
    ...(ca ? { ca, requestCert: true } : {}),
    minVersion: 'TLSv1.2',
    ciphers: cipherList(settings, info),
    honorCipherOrder: true,
  };
  tryOut(context, files, info);
  return { context, info, stamp };
}

/**
 * A list that the person chose counts as it is, `node --tls-cipher-list` included. Ours names the security level that a
 * short key needs: OpenSSL's own default (1 in Node, 2 in Debian's builds) would refuse 1024 bits here and there.
 */
function cipherList({ ciphers }: TlsOptions, info: CertificateInfo): string {
  if (ciphers) return ciphers;
  if (DEFAULT_CIPHERS !== constants.defaultCoreCipherList) return DEFAULT_CIPHERS;
  const isShort = info.keyType === 'rsa' && info.keyBits < 2048;
  return isShort ? `${strongCiphers}:@SECLEVEL=0` : strongCiphers;
}

function tryOut(context: SecureContextOptions, { certfile }: Files, info: CertificateInfo): void {
  try {
    createSecureContext(context);
  } catch (error) {
    throw new CertificateError(refusal(error, certfile, info, context.ciphers ?? ''), { cause: error });
  }
}

function refusal(error: unknown, file: string, info: CertificateInfo, ciphers: string): string {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  if (/KEY_TOO_SMALL|MD_TOO_WEAK/.test(code) || /too (small|weak)/.test(message)) {
    return (
      `OpenSSL refuses the certificate in ${file}: its key of ${info.keyBits} bits (or its signature) is too weak for the ` +
      `cipher list "${ciphers}". Make a stronger one with "nbserver certificate", or lower the level of the list.`
    );
  }
  if (/NO_CIPHER_MATCH/.test(code)) return `The cipher list "${ciphers}" names no cipher that OpenSSL knows.`;
  return `OpenSSL refuses the certificate in ${file}: ${message}`;
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Device, inode, size and times of both files: changes with every way of replacing them. */
async function stampOf({ certfile, keyfile }: Files): Promise<string> {
  const stamps = [certfile, keyfile].map(async (file) => {
    try {
      // Follows links: ACME tools replace what a link leads to.
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join(':');
    } catch (error) {
      throw unreadable(file, error);
    }
  });
  return (await Promise.all(stamps)).join(' ');
}

function unreadable(file: string, error: unknown): CertificateError {
  const { code } = error as NodeJS.ErrnoException;
  const why =
    code === 'ENOENT'
      ? `There is no file ${file}. Make a certificate with: nbserver certificate --out ${file}`
      : code === 'EACCES'
        ? `${file} cannot be read: this user has no permission.`
        : `${file} cannot be read (${code}).`;
  return new CertificateError(why, { cause: error });
}
