/** Which built files belong to a page: reads dist/static/manifest.json, which scripts/build-pages.mjs writes. */
import { readFileSync, statSync } from 'node:fs';
import { packageFile } from '../package-files.js';

/** One entry of the manifest; paths are relative to dist/static. */
export interface ManifestEntry {
  js: string;
  css: string[];
  /** what the entry imports at once, to be asked for together with it */
  imports: string[];
  /** what it loads later, by source file */
  lazy: Record<string, { js: string; css: string[]; imports: string[] }>;
}
export interface Manifest {
  /** by page: `tree`, `notebook`, `login` */
  entries: Record<string, ManifestEntry>;
  /** style sheets that any page may load later, by name */
  styles?: Record<string, string>;
}

/** Addresses, ready for a template. */
export interface PageAssets {
  js?: string;
  css: string[];
  preload: string[];
  /** what the page will load next by itself: asked for behind everything else */
  soon: string[];
}

let manifest: Manifest | undefined;
/** when the file was written that `manifest` came from; Infinity: from a test */
let writtenAt = -1;

/** Takes a manifest in place of the built one, for tests of templates. */
export function useManifest(other: Manifest): void {
  manifest = other;
  writtenAt = Infinity;
}

/**
 * The manifest of the build that is there now, read again after a new build.
 *
 * @throws when the pages were not built yet; the message says with what command
 */
export function readManifest(): Manifest {
  if (manifest !== undefined && writtenAt === Infinity) return manifest;
  const path = packageFile('dist', 'static', 'manifest.json');
  try {
    const { mtimeMs } = statSync(path);
    if (manifest === undefined || mtimeMs !== writtenAt) {
      manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
      writtenAt = mtimeMs;
    }
    return manifest;
  } catch (error) {
    throw new Error(`The pages are not built: ${path} cannot be read. Run: npm run build`, { cause: error });
  }
}

/** Addresses of the style sheets that pages load later, by name. */
export function laterStyles(staticUrl: string): Record<string, string> {
  const styles = Object.entries(readManifest().styles ?? {});
  return Object.fromEntries(styles.map(([name, path]) => [name, staticUrl + path]));
}

/**
 * @param entry  name of a page; undefined or unknown: a page without own files
 * @param soon   sources of lazy parts that every visit of the page loads
 */
export function pageAssets(
  staticUrl: string,
  entry: string | undefined,
  soon: readonly string[] = [],
): PageAssets {
  const found = entry === undefined ? undefined : readManifest().entries[entry];
  if (found === undefined) return { css: [], preload: [], soon: [] };
  const address = (path: string) => staticUrl + path;
  const parts = soon.flatMap((source) => found.lazy[source] ?? []);
  return {
    js: address(found.js),
    css: found.css.map(address),
    preload: found.imports.map(address),
    soon: [...new Set(parts.flatMap(({ js, imports }) => [js, ...imports]))]
      .filter((path) => !found.imports.includes(path))
      .map(address),
  };
}
