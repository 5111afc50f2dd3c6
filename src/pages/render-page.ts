/** Turns the templates into HTML: nunjucks with autoescape, so that every value is text unless a template says otherwise. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Nunjucks from 'nunjucks';
import { packageFile, packageRoot, version } from '../package-files.js';
import { laterStyles, pageAssets } from './assets.js';

export interface PageContext {
  /** with a slash at both ends */
  base_url: string;
  /** default: `static/` under base_url */
  static_url?: string;
  /** of this answer's Content-Security-Policy */
  nonce: string;
  title?: string;
  /** whose built files the page loads; default: the template's own name */
  entry?: string;
  /** what the page's code finds in `pageData()` beside the common part; undefined: no data block */
  data?: Record<string, unknown>;
  /** XSRF token of this login, for the page's code */
  xsrf?: string | null;
  /** addresses that the page's code will fetch first */
  preload?: string[];
  /** sources of lazy parts that the page's code will load next */
  soon?: string[];
  [name: string]: unknown;
}

/** The cookie that holds the token for X-XSRFToken; its name is fixed, because Jupyter's own clients look for it. */
export const XSRF_COOKIE = '_xsrf';

let environment: Nunjucks.Environment | undefined;

/**
 * Loads the templates. Await it before the first `renderPage`.
 *
 * @param extra  folders searched before the package's own, where a user's templates override ours by name; ours are
 *   then reached as `templates/NAME.html`
 */
export async function loadTemplates(extra: readonly string[] = []): Promise<void> {
  const options = { autoescape: true, trimBlocks: true, lstripBlocks: true };
  const compiled = extra.length === 0 ? await compiledTemplates() : undefined;
  const nunjucks = compiled?.nunjucks ?? (await import('nunjucks')).default;
  const folders = [...extra, packageFile('templates'), ...(extra.length === 0 ? [] : [packageRoot])];
  const loader =
    compiled === undefined
      ? new nunjucks.FileSystemLoader(folders, { noCache: false, watch: false })
      : new nunjucks.PrecompiledLoader(compiled.templates);
  environment = new nunjucks.Environment(loader, options);
  environment.addFilter('json_block', (value: unknown) => new nunjucks.runtime.SafeString(jsonBlock(value)));
  const icons = JSON.parse(readFileSync(packageFile('templates', 'icons.json'), 'utf8')) as Record<
    string,
    string
  >;
  // in the page itself: one request less, and every page has it
  const favicon = readFileSync(packageFile('templates', 'favicon.svg'), 'utf8').trim();
  environment.addGlobal('favicon', `data:image/svg+xml,${encodeURIComponent(favicon)}`);
  environment.addGlobal('icon', (name: string) => {
    const path = icons[name];
    if (path === undefined) throw new Error(`There is no icon named ${name}.`);
    const svg = `<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="${path}"/></svg>`;
    return new nunjucks.runtime.SafeString(svg);
  });
}

/**
 * The package's own templates as the build has compiled them, which saves parser and compiler (25 ms, 8 MB); undefined when one
 * was changed since.
 */
async function compiledTemplates(): Promise<{ nunjucks: typeof Nunjucks; templates: never[] } | undefined> {
  const built = packageFile('dist', 'templates.js');
  const madeAt = statSync(built, { throwIfNoEntry: false })?.mtimeMs;
  const folder = packageFile('templates');
  const isOlder = (name: string) => statSync(join(folder, name)).mtimeMs <= (madeAt ?? 0);
  if (madeAt === undefined || !readdirSync(folder).every(isOlder)) return undefined;
  const [slim, { default: templates }] = await Promise.all([
    import('nunjucks/browser/nunjucks-slim.js'),
    import(pathToFileURL(built).href) as Promise<{ default: never[] }>,
  ]);
  return { nunjucks: slim.default, templates };
}

/**
 * HTML of a template, for example `renderPage('tree.html', { base_url: '/', nonce, data: { path: '' } })`.
 *
 * @throws when `loadTemplates` was not awaited, or the pages were not built
 */
export function renderPage(template: string, context: PageContext): string {
  if (environment === undefined)
    throw new Error('loadTemplates() must be awaited before a page is rendered.');
  const static_url = context.static_url ?? `${context.base_url}static/`;
  const common = { base_url: context.base_url, static_url, version, xsrf_cookie: XSRF_COOKIE };
  return environment.render(template, {
    preload: [],
    ...context,
    ...common,
    assets: pageAssets(static_url, context.entry ?? template.replace(/\.html$/, ''), context.soon),
    page:
      context.data === undefined
        ? undefined
        : { ...context.data, ...common, styles: laterStyles(static_url), xsrf: context.xsrf ?? null },
  });
}

/**
 * JSON that can stand inside a script element: no `<` that could end it or start a comment, and none of the two line
 * ends that older readers take for JavaScript's.
 */
export function jsonBlock(value: unknown): string {
  return escapeJson(JSON.stringify(value));
}

/** The same of what is JSON already. */
export function escapeJson(json: string): string {
  return json
    .replace(/</g, '\\u003c')
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
}
