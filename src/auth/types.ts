/** What the rest of the server gives to and gets from `src/auth`. */
import type { IncomingMessage } from 'node:http';

import type { Request, RequestHandler, Response, Router } from 'express';

import type { Log } from '../log.js';
import type { ApiTokens } from './api-tokens.js';

/**
 * Who a request comes from.
 *
 * `session`    a browser that logged in; `id` names the session to `onRevoked` and is no secret; `xsrf` is the token its
 *              pages must send back on changes
 * `token`      a program or a link that carries the server's token or an API token
 * `anonymous`  anybody: authentication is off (neither password nor token)
 *
 * `apiToken` is the id of the API token that let it in, be it by a session that was opened with it; it ends with that
 * token. Absent: the password or the server's own token.
 */
export type Identity =
  | { kind: 'session'; id: string; xsrf: string; apiToken?: string }
  | { kind: 'token'; apiToken?: string }
  | { kind: 'anonymous' };

/** The secrets of the server. `''` means that there is none; both `''` turn authentication off. */
export interface Credentials {
  passwordHash: string;
  token: string;
  /**
   * True when the token was made at start because nothing was configured. Logins made with it outlive a restart
   * of the server, the token itself does not.
   */
  tokenGenerated?: boolean;
}

/** What the login page is rendered from. */
export interface LoginPage {
  base_url: string;
  /** where a successful login leads: a path below base_url, with its query */
  next: string;
  /** a sentence to show above the form */
  message?: string;
  /** the host as the browser wrote it, to tell one server from another */
  host: string;
  /** what the one field of the form, named `password`, takes */
  asks: 'password' | 'token' | 'password or token';
  /** the value of the hidden field `_xsrf` */
  xsrf: string;
  /** seconds until another try is allowed; the form waits for so long */
  retryAfter?: number;
  /** of this answer's Content-Security-Policy */
  nonce: string;
}

/** What the page behind `logout` is rendered from: a question with a POST form, or the news that it is done. */
export interface LogoutPage {
  base_url: string;
  host: string;
  /** true once the session is gone; false asks "Log out?" with a POST form that holds `xsrf` as `_xsrf` */
  done: boolean;
  message: string;
  xsrf: string;
  nonce: string;
}

export interface AuthOptions {
  /** `/` or `/x/`: begins and ends with a slash */
  baseUrl: string;
  credentials: Credentials;
  /** the port that is listened on, known once it is; 0 on a unix socket. Called on requests, never before. */
  port: () => number;
  /** as configured: `localhost`, `127.0.0.1`, `*`, `''`, `0.0.0.0`, … */
  ip: string;
  /** the unix socket, instead of ip and port */
  sock?: string;
  /** whether this server itself speaks TLS */
  tls: boolean;
  /** the address that people use, when a proxy stands in front */
  publicUrl?: string;
  /** host names that are accepted; empty or absent means that the option was not set */
  localHostnames?: readonly string[];
  /** one origin, or `*` */
  allowOrigin?: string;
  /** a regular expression that must match the whole origin; ignored when allowOrigin is set */
  allowOriginPat?: string;
  /** adds Access-Control-Allow-Credentials for the allowed origins */
  allowCredentials?: boolean;
  /** whose X-Forwarded-* are believed: addresses, networks (`10.0.0.0/8`) or `loopback`, which is also the unix socket. */
  trustedProxies?: readonly string[];
  /**
   * Public folders of static files as absolute paths that end with a slash; default `<baseUrl>static/`. Only GET and HEAD
   * of plain names below them pass without a credential.
   */
  assetFolders?: readonly string[];
  /** addresses below base_url that anybody may read, for example `metrics` */
  publicPaths?: readonly string[];
  /** Jupyter's option of that name: changes by cookie need no token then (the Origin check stays) */
  disableCheckXsrf?: boolean;
  /** 0700 folder for the cookie secret and the session file; made when missing */
  stateDirectory: string;
  renderLogin(page: LoginPage): string;
  renderLogout(page: LogoutPage): string;
  log: Log;
}

/** A browser that is logged in. */
export interface BrowserLogin {
  /** names the session and is no secret */
  id: string;
  /** from where it logged in, and with what browser; '' when it was opened before this was kept */
  address: string;
  agent: string;
  /** milliseconds since 1970; `used` is exact to five minutes */
  created: number;
  used: number;
}

/** `retryAfter`: nothing was looked at, there were too many wrong tries; seconds until the next one may be made. */
export type PasswordCheck = { right: boolean; retryAfter?: undefined } | { right: false; retryAfter: number };

export interface Auth {
  /** Refuses requests whose Host is not ours. Mount it before everything else, the base_url redirect included. */
  hostCheck: RequestHandler;
  /** Login and logout; mount it at base_url, before `gate` (it is public and reads its own small bodies). */
  router: Router;
  /** Decides who may pass, sets `res.locals.identity`, refuses before the body is read. Mount it before any body parser. */
  gate: RequestHandler;
  /**
   * The same decision for a websocket upgrade: Host, credential, Origin.
   * @throws {HttpError} whose message is the one-line body of the refusal
   */
  authenticateUpgrade(req: IncomingMessage): Promise<Identity>;
  /** Whether the server answers to this Host: for what passes none of the above, as a plain http request to an https port. */
  hostAllowed(host: string): boolean;
  /** How a request looks from here, and whether pages of `origin` may use the server: for the search of faults. */
  inspect(
    req: IncomingMessage,
    origin: string,
  ): { scheme: 'http' | 'https'; host: string; address: string; origin_allowed: boolean };
  /** The browsers that are logged in, the one that was used last first. */
  logins(): BrowserLogin[];
  /** Logs one of them out; false: there is no such session. */
  endLogin(id: string): boolean;
  /** The last wrong tries to log in, newest first, since the server was started. */
  failedLogins(): readonly { address: string; time: number }[];
  /** the named tokens of programs */
  apiTokens: Pick<ApiTokens, 'create' | 'list' | 'revoke' | 'revokeAll'>;
  /**
   * Tells whether this is the password in force, in constant time; guesses are slowed down as at the login, but counted
   * for each session by itself.
   */
  checkPassword(req: IncomingMessage, identity: Identity, typed: string): Promise<PasswordCheck>;
  /** Opens a new session for a browser, in place of the one that it has. */
  renewSession(req: Request, res: Response): Promise<void>;
  /** Calls the listener with the id of every session and API token that ends (logout, changed password, age, revoked). */
  onRevoked(listener: (sessionId: string) => void): { close(): void };
  /** Puts new credentials in force; all sessions end at once when the password or a configured token changed. */
  setCredentials(credentials: Credentials): Promise<void>;
  /** Ends all sessions ("log out everywhere"). */
  revokeAll(): void;
  /** The link that logs a browser in, or the plain address when no token exists. `origin` like `http://localhost:8888`. */
  loginUrl(origin: string): string;
  close(): void;
}
