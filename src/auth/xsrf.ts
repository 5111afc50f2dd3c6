/**
 * Tokens against forged requests. A page's token is an HMAC of its session's id, so that a cookie planted by a neighbour
 * domain or port is worth nothing (CVE-2024-28233). The login form, which has no session yet, gets one of its own kind.
 */
import { createHmac, randomBytes } from 'node:crypto';

import { sameSecret } from './token.js';

export function sessionXsrf(secret: string, sessionId: string): string {
  return hmac(secret, 'session', sessionId);
}

/** A token for the login form: a random number and our signature on it. */
export function loginXsrf(secret: string): string {
  const nonce = randomBytes(16).toString('hex');
  return `${nonce}.${hmac(secret, 'login', nonce)}`;
}

export function isLoginXsrf(secret: string, value: string): boolean {
  const [nonce = '', signature = ''] = value.split('.');
  return nonce !== '' && sameSecret(signature, hmac(secret, 'login', nonce));
}

function hmac(secret: string, purpose: string, value: string): string {
  return createHmac('sha256', secret).update(`xsrf ${purpose} ${value}`).digest('base64url');
}
