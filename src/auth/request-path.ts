/** What kind of address a request asks for, seen from base_url: public, API, a page, or other data. */
import type { IncomingMessage } from 'node:http';

/** Public by their exact spelling; every other address is private, those of later features included. */
const publicPaths = new Set(['api', 'favicon.ico', 'robots.txt']);
/** The login router answers these itself, with checks of its own. */
const loginPaths = new Set(['login', 'logout']);
/** First segments whose answers are data for programs and not pages for people. */
const dataFolders = new Set([
  'api',
  'custom',
  'files',
  'frame',
  'kernelspecs',
  'metrics',
  'nbconvert',
  'static',
]);

/** Of these, what the owner has made. An export may also start a program. */
const privateFolders = new Set(['api', 'files', 'nbconvert']);

/** The path of a request, still percent-encoded. */
export function requestPath(req: IncomingMessage): string {
  return requestTarget(req).replace(/[?#].*$/s, '');
}

/**
 * `GET http://host/path`, as clients speak to proxies, and `OPTIONS *` name no path. No parser but the router's own may
 * say what such an address means: where two of them differ (`http:///files/static/x`), a private file passes for a public one.
 */
export function isPath(target: string): boolean {
  return target.startsWith('/');
}

/** A path below base_url; undefined when it lies elsewhere. */
export function relativePath(path: string, baseUrl: string): string | undefined {
  if (path.startsWith(baseUrl)) return path.slice(baseUrl.length);
  return `${path}/` === baseUrl ? '' : undefined;
}

/** The address as the client sent it, also inside a mounted router. */
export function requestTarget(req: IncomingMessage & { originalUrl?: string }): string {
  return req.originalUrl ?? req.url ?? '/';
}

/**
 * @param path  below base_url; undefined for addresses outside of it
 * @param also  further addresses that the owner opened to everybody
 */
export function isPublic(method: string, path: string | undefined, also: readonly string[] = []): boolean {
  if (path === undefined) return false;
  if (loginPaths.has(path)) return method === 'GET' || method === 'HEAD' || method === 'POST';
  return isRead(method) && (publicPaths.has(path) || also.includes(path));
}

/** The static files of our pages, which hold nothing private. `folders` are absolute and end with a slash. */
export function isAsset(method: string, path: string, folders: readonly string[]): boolean {
  const folder = folders.find((each) => path.startsWith(each));
  if (folder === undefined || !isRead(method)) return false;
  const rest = path.slice(folder.length);
  // Nothing that a router might read as another address: no dot segments, no escapes, no empty segments.
  return /^[\w@.-]+(\/[\w@.-]+)*$/.test(rest) && !/(^|\/)\.\.?(\/|$)/.test(rest);
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** API requests get JSON errors and are never redirected. Routers ignore case, so this does too. */
export function isApi(path: string): boolean {
  return firstSegment(path) === 'api';
}

/** Pages lead people to the login form and take the token out of the address bar. */
export function isPage(path: string): boolean {
  return !dataFolders.has(firstSegment(path));
}

/** The owner's private data, which no other site may load, not even by a link. */
export function isPrivateData(path: string): boolean {
  return privateFolders.has(firstSegment(path));
}

function firstSegment(path: string): string {
  const segment = /^\/*([^/]*)/.exec(path)?.[1] ?? '';
  try {
    return decodeURIComponent(segment).toLowerCase();
  } catch {
    // Broken escapes are no name of ours.
    return segment.toLowerCase();
  }
}
