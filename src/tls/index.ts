/** Certificates: make them, load them, check them, replace them while the server runs. */
export type { CertificateInfo, TlsOptions, TlsSource } from './types.js';
