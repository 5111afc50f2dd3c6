/** What the server tells a page: the JSON in `<script type="application/json" id="page-data">`. */

/** The part that every page gets (src/pages/render-page.ts writes it). */
export interface PageData {
  /** with a slash at both ends: `/` or `/ipython/` */
  base_url: string;
  /** where dist/static is served, with a slash at the end */
  static_url: string;
  /** addresses of style sheets that are loaded later, by name */
  styles: Record<string, string>;
  version: string;
  /** token of this login for the X-XSRFToken header; null where nobody is logged in by a session */
  xsrf: string | null;
  /** name of the cookie that holds it too: the newer one after a login in another tab */
  xsrf_cookie: string;
}

let parsed: PageData | undefined;

/**
 * The page's data, parsed once. `T` is what this page's own template adds.
 *
 * @throws when the page was not made by our template
 */
export function pageData<T extends object = object>(): PageData & T {
  if (parsed === undefined) {
    const block = document.getElementById('page-data');
    if (block === null) throw new Error('This page has no #page-data block.');
    parsed = JSON.parse(block.textContent ?? '') as PageData;
  }
  return parsed as PageData & T;
}
