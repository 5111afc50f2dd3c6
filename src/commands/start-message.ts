/** What `nbserver` prints when it is up: the address first, then what a person needs to know. */
import type { CertificateInfo } from '../tls/index.js';

export interface StartFacts {
  version: string;
  /** "Serving notebooks from local directory: …" */
  store: string;
  /** links to open, the best one first; with the token where one was made for this start */
  links: string[];
  certificate?: CertificateInfo;
  /** the port to open in the firewall, when the whole network is served */
  firewallPort?: number;
  /** inside a container, bound to loopback */
  unreachableContainer: boolean;
  /** the token, and whether it was made for this start and is part of the links */
  token: string;
  tokenMade: boolean;
  sock: string;
}

export function startMessage(facts: StartFacts): string {
  const lines = [`nbserver ${facts.version} is running. ${facts.store}`, ''];
  if (facts.sock) lines.push(`  unix socket ${facts.sock}${facts.tokenMade ? `, token ${facts.token}` : ''}`);
  for (const link of facts.links) lines.push(`  ${link}`);
  lines.push('');
  if (facts.certificate) {
    lines.push(
      'It is https, not http.',
      `Certificate: ${facts.certificate.selfSigned ? 'self-signed, ' : ''}valid until ${day(facts.certificate.validTo)}, SHA-256 fingerprint`,
      `  ${facts.certificate.fingerprint256}`,
    );
    if (facts.certificate.selfSigned) {
      lines.push(
        'The browser will warn that it does not know this certificate: compare the fingerprint, then go on.',
      );
    }
  }
  if (facts.firewallPort) lines.push(`Firewall: open TCP port ${facts.firewallPort}.`);
  if (facts.tokenMade)
    lines.push('The token is good until this server stops. For a password instead: nbserver passwd --write');
  if (facts.unreachableContainer) {
    lines.push(
      'This is a container, and the server listens inside it only: published ports cannot reach it. ' +
        'Use --public, or --ip=0.0.0.0 with a password and a certificate.',
    );
  }
  lines.push('Stop it with Control-C (twice to skip the question).');
  return lines.join('\n');
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
