/** Who may pass: passwords, tokens, browser sessions, Host and Origin checks, and the gate that decides. */
export { ApiTokens } from './api-tokens.js';
export type { ApiToken } from './api-tokens.js';
export { createAuth } from './create-auth.js';
export { refuseBody } from './gate.js';
export { hostAllowed, hostName, hostRules, isLoopbackBound, isWildcard, ownAddresses } from './host.js';
export type { HostRules } from './host.js';
export { safeNext } from './next-url.js';
export { maxPassphraseBytes, passwd, passwdCheck, passwordHashProblem } from './password.js';
export type { PasswordAlgorithm } from './password.js';
export { forLog, redactHeaders, redactText, redactUrl } from './redact.js';
export { generateToken } from './token.js';
export type {
  Auth,
  AuthOptions,
  Credentials,
  Identity,
  LoginPage,
  LogoutPage,
  PasswordCheck,
} from './types.js';
