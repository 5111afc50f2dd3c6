/**
 * Where a redirect may lead: only below our own base_url, whatever `next`, a path or a header says.
 *
 * Eight advisories of Jupyter are about this one function (CVE-2019-10255, -10856, CVE-2020-26215, CVE-2023-39968,
 * CVE-2025-61669, …): strings were compared that browsers read differently. So the address is resolved by the
 * parser that browsers use, and only what it understood is sent back, never the raw string.
 */

const maxLength = 2048;

/**
 * @param next       what the request asked for; anything
 * @param ownOrigin  `https://host:port` as the browser sees us
 * @param baseUrl    `/` or `/x/`
 * @returns a path below baseUrl with its query and fragment; baseUrl itself when `next` is not acceptable
 */
export function safeNext(next: unknown, ownOrigin: string, baseUrl: string): string {
  if (typeof next !== 'string' || next === '' || next.length > maxLength) return baseUrl;
  const url = resolve(next, ownOrigin, baseUrl);
  if (!url) return baseUrl;
  const target = url.pathname + url.search + url.hash;
  // `/x/..//evil` has our origin, and its normalised path `//evil` has another: what is sent must resolve to itself.
  if (resolve(target, ownOrigin, baseUrl)?.href !== url.href) return baseUrl;
  const page = url.pathname.slice(baseUrl.length);
  // Back to these two would ask again at once, or undo the login.
  if (page === 'login' || page === 'logout') return baseUrl;
  // It is shown in a form and in an address bar, where a token has no place.
  return withoutToken(url.pathname + url.search) + url.hash;
}

function resolve(address: string, ownOrigin: string, baseUrl: string): URL | undefined {
  if (!URL.canParse(address, ownOrigin + baseUrl)) return undefined;
  const url = new URL(address, ownOrigin + baseUrl);
  if (url.origin !== ownOrigin || !url.pathname.startsWith(baseUrl) || url.pathname.startsWith('//')) {
    return undefined;
  }
  url.username = '';
  url.password = '';
  return url;
}

/** A request target without its `token` parameters; everything else stays as it was written. */
export function withoutToken(target: string): string {
  const mark = target.indexOf('?');
  if (mark < 0) return target;
  const kept = target
    .slice(mark + 1)
    .split('&')
    .filter((part) => new URLSearchParams(part).get('token') === null);
  return target.slice(0, mark) + (kept.length > 0 ? `?${kept.join('&')}` : '');
}
