/** What a request says about what it has already and which part it wants (RFC 9110, 13 and 14). Pure. */

interface State {
  size: number;
  modified: Date;
  /** the tag, with its quotes */
  tag: string;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Whether the client has what is there now. */
export function isFresh(headers: Headers, { tag, modified }: State): boolean {
  const tags = one(headers['if-none-match']);
  if (tags !== undefined) return tags.includes(tag.slice(0, -1)) || tags.trim() === '*';
  const since = Date.parse(one(headers['if-modified-since']) ?? '');
  // HTTP dates have whole seconds
  return Number.isFinite(since) && Math.floor(modified.getTime() / 1000) * 1000 <= since;
}

/** One range of bytes; anything else is answered with the whole file, which the standard allows. */
export function rangeOf(
  headers: Headers,
  { size, modified, tag }: State,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const condition = one(headers['if-range']);
  const conditionHolds = condition === undefined || condition === tag || condition === modified.toUTCString();
  const match = /^bytes=(\d*)-(\d*)$/.exec(one(headers['range']) ?? '');
  if (match === null || !conditionHolds || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') {
    const last = Number(match[2]);
    return last === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(size - last, 0), end: size - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (start >= size) return 'unsatisfiable';
  return start > end ? undefined : { start, end };
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
