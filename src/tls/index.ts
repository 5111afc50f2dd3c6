/** Certificates: make them, load them, check them, replace them while the server runs. */
export { autoCertificate, autoDirectory, autoFile, writePrivately } from './auto-certificate.js';
export { CertificateError } from './certificate-info.js';
export { certificateNames, makeCertificate, maxDays } from './self-signed.js';
export type { CertificateRequest, MadeCertificate } from './self-signed.js';
export type { CertificateInfo, TlsOptions, TlsSource } from './types.js';
export { sortByFirstByte } from './first-byte.js';
import type { TlsOptions, TlsSource } from './types.js';

/** See secure-context.ts, which a server without TLS never loads. */
export async function loadTls(options: TlsOptions): Promise<TlsSource> {
  return (await import('./secure-context.js')).loadTls(options);
}
