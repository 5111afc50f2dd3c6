/** The one way in which a page calls the server's REST API. */
import { pageData } from './page-data.js';

/** An answer that was not a success; `status` 0 means that the server could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  /** Jupyter's short machine word, for example `bad format` */
  readonly reason: string | null;
  /** the parsed JSON of the answer, or its text */
  readonly body: unknown;

  constructor(status: number, message: string, reason: string | null, body: unknown) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.body = body;
  }

  /** Nobody answered: the server is stopped or the network is down. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

export interface RequestOptions {
  signal?: AbortSignal;
  /** lets the request outlive the page, at most 64 kB of body */
  keepalive?: boolean;
  /** take the answer of the page's <link rel="preload"> when there is one */
  preloaded?: boolean;
  /** a save only over the file that has this hash; 409 otherwise */
  ifMatch?: string;
  /** a save only where no file is; 409 otherwise */
  ifNoneMatch?: boolean;
  /** further ones, and the type of a body that is no JSON */
  headers?: Record<string, string>;
}

const listeners = new Set<() => void>();

/** Calls `listener` when an answer shows that this browser is not logged in any more. Returns how to stop. */
export function onLoginExpired(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The address of the login page that leads back here. */
export function loginUrl(): string {
  const here = location.pathname + location.search + location.hash;
  return `${pageData().base_url}login?next=${encodeURIComponent(here)}`;
}

/**
 * Value of a cookie. A browser may hold one name at several paths; the server takes the last one that it is sent, so
 * this does the same.
 */
export function readCookie(cookies: string, name: string): string | undefined {
  let value: string | undefined;
  for (const pair of cookies.split(';')) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === name) value = pair.slice(equals + 1).trim();
  }
  return value;
}

/**
 * Headers that a change needs, for the few requests that do not go through `api` (uploads with progress).
 *
 * The page's own token comes first: servers on other ports of this host share the cookie's name, and overwrite it.
 */
export function xsrfHeaders(token = xsrfToken()): Record<string, string> {
  return token === undefined ? {} : { 'X-XSRFToken': token };
}

/** Taken from the cookie once the page's own token was refused and that one was not: a login in another tab. */
let newerToken: string | undefined;

/** The token of this login, for headers and forms. */
export function xsrfToken(): string | undefined {
  return newerToken ?? pageData().xsrf ?? cookieToken();
}

function cookieToken(): string | undefined {
  return readCookie(document.cookie, pageData().xsrf_cookie);
}

async function call<T>(
  method: string,
  path: string,
  body: unknown,
  options: RequestOptions = {},
): Promise<T> {
  const send = (token: string | undefined): Promise<Response> => {
    const headers: Record<string, string> = { Accept: 'application/json' };
    // A question needs none, and one that has more headers than the page's preload does not get that one's answer.
    if (method !== 'GET') Object.assign(headers, xsrfHeaders(token));
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (options.ifMatch !== undefined) headers['If-Match'] = `"${options.ifMatch}"`;
    if (options.ifNoneMatch === true) headers['If-None-Match'] = '*';
    Object.assign(headers, options.headers);
    return fetch(pageData().base_url + path, {
      method,
      headers,
      body: body === undefined ? null : body instanceof Blob ? body : JSON.stringify(body),
      credentials: 'same-origin',
      // a redirect could carry the token to another host (CVE-2024-22421)
      redirect: 'error',
      cache: options.preloaded === true ? 'default' : 'no-store',
      keepalive: options.keepalive ?? false,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  };
  let response: Response;
  let text: string;
  try {
    const token = xsrfToken();
    response = await send(token);
    // Asked for only then: the browser takes tens of milliseconds for the first look at a page's cookies.
    const other = response.status === 403 && method !== 'GET' ? cookieToken() : undefined;
    if (other !== undefined && other !== token) {
      const again = await send(other);
      if (again.ok) newerToken = other;
      if (again.status !== 403) response = again;
    }
    text = await response.text(); // a connection may break in the middle of an answer, too
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw new ApiError(
      0,
      'The server does not answer. It may be stopped, or the network is down.',
      null,
      null,
    );
  }
  const parsed = parse(text);
  if (response.ok) return parsed as T;
  const error = toError(response.status, parsed);
  if (response.status === 403 || response.status === 401) void checkLogin();
  throw error;
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text; // a proxy's own error page, for example
  }
}

/** An ApiError out of the status and the (parsed) body of an answer. */
export function toError(status: number, body: unknown): ApiError {
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const message =
    typeof fields['message'] === 'string' && fields['message'] !== ''
      ? fields['message']
      : `The server answered with status ${status}.`;
  return new ApiError(status, message, typeof fields['reason'] === 'string' ? fields['reason'] : null, body);
}

let checking = false;
/** ms; a network that swallows everything must not end all further questions */
const CHECK_PATIENCE = 30_000;

/**
 * A 403 may be about one file or about the login; `api/me` answers only who is logged in. Asks it, and tells the
 * listeners when the answer is no.
 */
export async function checkLogin(): Promise<void> {
  if (checking) return;
  checking = true;
  try {
    const response = await fetch(`${pageData().base_url}api/me`, {
      redirect: 'error',
      cache: 'no-store',
      signal: AbortSignal.timeout(CHECK_PATIENCE),
    });
    if (response.status === 401 || response.status === 403) for (const listener of listeners) listener();
  } catch {
    // not reachable: says nothing about the login, and the caller has its own error
  } finally {
    checking = false;
  }
}

/**
 * Paths are relative to base_url and already encoded: `api.get('api/contents/' + encodePath(path))`. Bodies are sent as
 * JSON, a Blob as it is.
 */
export const api = {
  get: <T>(path: string, options?: RequestOptions) => call<T>('GET', path, undefined, options),
  post: <T>(path: string, body?: unknown, options?: RequestOptions) => call<T>('POST', path, body, options),
  put: <T>(path: string, body?: unknown, options?: RequestOptions) => call<T>('PUT', path, body, options),
  patch: <T>(path: string, body?: unknown, options?: RequestOptions) => call<T>('PATCH', path, body, options),
  delete: <T = void>(path: string, options?: RequestOptions) => call<T>('DELETE', path, undefined, options),
};
