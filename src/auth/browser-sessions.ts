/** The browser sessions: which one a request belongs to, opening one at login, ending them. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

import type { Request, RequestHandler, Response } from 'express';
import session from 'express-session';

import type { Log } from '../log.js';
import type { ApiTokens } from './api-tokens.js';
import { BoundSockets } from './bound-sockets.js';
import { fullLifetime, sessionId, SessionStore } from './session-store.js';
import type { BrowserLogin, Credentials, Identity } from './types.js';
import { sessionXsrf } from './xsrf.js';

declare module 'express-session' {
  interface SessionData {
    /** set at login; express-session keeps only sessions that hold something */
    loggedIn: true;
    /** from where, and with what browser: for the owner, who looks whether all of them are theirs */
    address?: string;
    agent?: string;
    /** id of the API token that it was opened with, and ends with */
    apiToken?: string;
  }
}

export type SessionIdentity = Extract<Identity, { kind: 'session' }>;

export interface BrowserSessionsOptions {
  baseUrl: string;
  port: number;
  sock?: string;
  /** the browser only ever reaches us by https */
  secureCookies: boolean;
  stateDirectory: string;
  cookieSecret: string;
  credentials: Credentials;
  apiTokens: Pick<ApiTokens, 'standing'>;
  log: Log;
}

/** How a browser came to its session. */
export interface Arrival {
  /** how the browser reaches us, which decides whether it takes Secure cookies */
  https: boolean;
  /** of the browser */
  address: string;
  /** id of the API token that it showed */
  apiToken?: string | undefined;
  /** Asked in the tick that stores the session: whether what let it in still does. */
  stillHolds?: (() => boolean) | undefined;
}

/** Characters of a browser's name for itself that are kept. */
const LONGEST_AGENT = 200;

export class BrowserSessions {
  /** `nbserver-<port>-<hash>`: browsers send cookies to every port of a host, so that two servers need two names. */
  readonly cookieName: string;
  readonly #options: BrowserSessionsOptions;
  readonly #store: SessionStore;
  readonly #middleware: RequestHandler;
  readonly #listeners = new Set<(id: string) => void>();
  readonly #sockets = new BoundSockets();

  constructor(options: BrowserSessionsOptions) {
    this.#options = options;
    const place = options.sock ? `sock-${shortHash(options.sock)}` : String(options.port);
    this.cookieName = `nbserver-${place}-${shortHash(options.baseUrl)}`;
    mkdirSync(options.stateDirectory, { recursive: true, mode: 0o700 });
    this.#store = new SessionStore({
      file: join(options.stateDirectory, `${this.cookieName}.sessions.json`),
      generation: this.#fingerprint(options.credentials),
      onEnd: (id) => this.#ended(id),
      log: options.log,
    });
    this.#middleware = session({
      name: this.cookieName,
      genid: () => randomBytes(32).toString('base64url'),
      secret: options.cookieSecret,
      store: this.#store,
      resave: false,
      saveUninitialized: false,
      // 'auto': as `req.secure` says, for each login by itself
      cookie: { ...this.#cookie(false), httpOnly: true, secure: 'auto' },
    });
  }

  /** The session that a request belongs to. A request without our cookie costs nothing. */
  async find(req: IncomingMessage, res: ServerResponse): Promise<SessionIdentity | undefined> {
    if (!req.headers.cookie?.includes(this.cookieName)) return undefined;
    const request = await this.#load(req, res);
    // Outside the cookie's path express-session leaves no session at all.
    const found = request.session as Request['session'] | undefined;
    if (!found?.loggedIn) return undefined;
    const { apiToken } = found;
    const identity = this.#identity(request.sessionID);
    if (apiToken === undefined) return identity;
    const standing = this.#options.apiTokens.standing(apiToken);
    if (standing === 'valid') return { ...identity, apiToken };
    if (standing === 'revoked') this.#store.end(identity.id);
    return undefined;
  }

  /** Opens a session under a new id and sets its cookies; undefined when it must not be opened any more. */
  async open(req: Request, res: Response, arrival: Arrival): Promise<SessionIdentity | undefined> {
    const { https, address, apiToken, stillHolds } = arrival;
    // express-session asks `req.secure`, which knows nothing of public_url and our trusted proxies.
    Object.defineProperty(req, 'secure', { value: https || this.#options.secureCookies, configurable: true });
    await this.#load(req, res);
    await promised((done) => req.session.regenerate(done));
    if (stillHolds?.() === false) {
      // A new id counts as a change, and express-session would store it with the answer.
      await promised((done) => req.session.destroy(done));
      return undefined;
    }
    req.session.loggedIn = true;
    req.session.address = address;
    req.session.agent = (req.get('user-agent') ?? '').slice(0, LONGEST_AGENT);
    if (apiToken !== undefined) req.session.apiToken = apiToken;
    await promised((done) => req.session.save(done));
    const identity = this.#identity(req.sessionID);
    this.setXsrfCookie(res, identity.xsrf, https);
    return identity;
  }

  /**
   * Ends the session of a request and takes the cookies back.
   *
   * @param https  as in `Arrival`
   */
  async end(req: Request, res: Response, https: boolean): Promise<void> {
    if (req.headers.cookie?.includes(this.cookieName)) {
      await this.#load(req, res);
      await promised((done) => req.session.destroy(done));
    }
    const { path, sameSite, secure } = this.#cookie(https);
    res.clearCookie(this.cookieName, { path, sameSite, secure, httpOnly: true });
  }

  /** Pages read this one: it goes back in a header or a form. */
  setXsrfCookie(res: Response, value: string, https: boolean): void {
    res.cookie('_xsrf', value, { ...this.#cookie(https), httpOnly: false });
  }

  /** Ties an open connection to its session: it keeps the session from falling idle and ends with it. */
  bind(id: string, socket: IncomingMessage['socket']): void {
    const hold = this.#store.hold(id);
    this.#sockets.bind(id, socket, () => hold.release());
  }

  onEnded(listener: (id: string) => void): { close(): void } {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  setCredentials(credentials: Credentials): void {
    this.#store.setGeneration(this.#fingerprint(credentials));
  }

  endAll(): void {
    this.#store.endAll();
  }

  /** The one that was used last first. */
  list(): BrowserLogin[] {
    return this.#store.list().map(({ id, data, created, used }) => ({
      id,
      address: data.address ?? '',
      agent: data.agent ?? '',
      created,
      used,
    }));
  }

  /** Ends the sessions that an API token opened. */
  endOpenedWith(apiToken: string): void {
    for (const { id, data } of this.#store.list()) if (data.apiToken === apiToken) this.#store.end(id);
  }

  /** Logs one browser out; false: there is no such session. */
  endOne(id: string): boolean {
    return this.#store.end(id);
  }

  close(): void {
    this.#store.close();
  }

  #ended(id: string): void {
    for (const listener of this.#listeners) listener(id);
    this.#sockets.end(id);
  }

  #identity(sid: string): SessionIdentity {
    return { kind: 'session', id: sessionId(sid), xsrf: sessionXsrf(this.#options.cookieSecret, sid) };
  }

  #cookie(https: boolean): { path: string; sameSite: 'lax'; secure: boolean; maxAge: number } {
    const { baseUrl, secureCookies } = this.#options;
    // The browser keeps it for the whole life that a session can have; the server ends idle ones earlier.
    return { path: baseUrl, sameSite: 'lax', secure: https || secureCookies, maxAge: fullLifetime };
  }

  /** Runs express-session, which also works on upgrades: it needs no Express for reading. */
  async #load(req: IncomingMessage, res: ServerResponse): Promise<Request> {
    const request = req as Request;
    await promised((done) => void this.#middleware(request, res as Response, done));
    return request;
  }

  /**
   * What the sessions are bound to. A token that was made at start is left out, so that a restart logs nobody out; keyed,
   * so that the file gives no clue to the password.
   */
  #fingerprint({ passwordHash, token, tokenGenerated }: Credentials): string {
    return createHmac('sha256', this.#options.cookieSecret)
      .update(JSON.stringify([passwordHash, tokenGenerated ? '' : token]))
      .digest('base64url');
  }
}

function promised(start: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) =>
    start((error) => {
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error('The session store failed.', { cause: error }));
    }),
  );
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
