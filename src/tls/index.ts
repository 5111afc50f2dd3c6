/** Certificates: make them, load them, check them, replace them while the server runs. */
export { autoCertificate, writePrivately } from './auto-certificate.js';
export { CertificateError } from './certificate-info.js';
export { loadTls } from './secure-context.js';
export { certificateNames, makeCertificate, maxDays } from './self-signed.js';
export type { CertificateRequest, MadeCertificate } from './self-signed.js';
export type { CertificateInfo, TlsOptions, TlsSource } from './types.js';
export { sortByFirstByte } from './first-byte.js';
