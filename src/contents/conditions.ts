/**
 * Conditions that a client puts on a request (RFC 9110, 13.1): "only if it is what I have read", "only if it is new to me".
 * Tags are made of the store's revision, and the SHA-256 of a file counts as a tag of it, too.
 */
import { HttpError } from '../http-error.js';
import type { Entry, Revision } from './notebook-manager.js';

export interface Conditions {
  /** `If-Match`, as it was sent */
  match?: string | undefined;
  /** `If-None-Match`, as it was sent */
  noneMatch?: string | undefined;
}

/** @param variant tells apart several answers about the same state */
export function tagOf(revision: Revision, variant = ''): string {
  return `"${encodeURIComponent(revision)}${variant === '' ? '' : `;${variant}`}"`;
}

/** Whether a header with tags (`If-None-Match`) names this one. */
export function namesTag(header: string | undefined, tag: string): boolean {
  return header !== undefined && tagsIn(header).some((each) => each === '*' || each === tag);
}

/** What must still hold when the store writes. */
export type When = { revision?: Revision; absent?: true };

/**
 * @param entry  what is there now
 * @param hash   of its bytes
 * @throws HttpError 409 with the hash of what is there, so that a client can tell whether it is what it has
 */
export async function checkConditions(
  path: string,
  entry: Entry | undefined,
  { match, noneMatch }: Conditions,
  hash: () => Promise<string | undefined>,
): Promise<When> {
  if (noneMatch !== undefined && tagsIn(noneMatch).includes('*')) {
    if (entry !== undefined) throw new HttpError(409, `File already exists: ${path}`);
    return { absent: true };
  }
  if (match === undefined) return {};
  if (entry === undefined) {
    throw new HttpError(409, `${path} does not exist any more`, 'changed', { hash: null });
  }
  const revisions = tagsIn(match).map((tag) => /^"([^;"]*)/.exec(tag)?.[1] ?? tag);
  const isRead =
    revisions.includes('*') ||
    revisions.includes(encodeURIComponent(entry.revision)) ||
    (revisions.some((each) => /^[0-9a-f]{64}$/.test(each)) && revisions.includes((await hash()) ?? ''));
  if (!isRead) throw await changedError(path, entry, hash);
  return { revision: entry.revision };
}

export async function changedError(
  path: string,
  entry: Entry | undefined,
  hash: () => Promise<string | undefined>,
): Promise<HttpError> {
  return new HttpError(409, `${path} was changed since it was read`, 'changed', {
    hash: entry === undefined ? null : ((await hash()) ?? null),
    hash_algorithm: 'sha256',
    last_modified: entry?.modified.toISOString() ?? null,
  });
}

/** Without the mark of weak tags, which proxies add when they compress. */
function tagsIn(header: string): string[] {
  return (header.match(/(?:W\/)?"[^"]*"|\*|[^\s,]+/g) ?? []).map((tag) => tag.replace(/^W\//, ''));
}
