/** Who may pass: passwords, tokens, browser sessions, Host and Origin checks, and the gate that decides. */
export { passwd, passwdCheck, passwordHashProblem } from './password.js';
export type { PasswordAlgorithm } from './password.js';
export type { Auth, AuthOptions, Credentials, Identity, LoginPage, LogoutPage } from './types.js';
