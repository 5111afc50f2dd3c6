// Builds the browser code: one entry per page into dist/static, hashed names, a manifest, and .br/.gz beside each file.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { createHash } from 'node:crypto';
import * as esbuild from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const pages = ['tree', 'notebook', 'login', 'terminal', 'edit', 'output-frame'];
/** Copied under a hashed name; the templates find them in the manifest. */
const singleFiles = ['favicon.svg'];

/**
 * Bytes (gzip) that a page may cost until a person can work with it: HTML, CSS and everything its entry imports at once.
 * From front-end.md section 4 and the figures that the project promises.
 */
const BUDGETS = {
  tree: 43_000, // 35 kB of scripts and 8 kB of styles
  notebook: 160_000,
  login: 6_000,
  terminal: 100_000,
  edit: 150_000,
  'output-frame': 12_000,
};
/** The same until the first cell is seen. */
const FIRST_SIGHT = { notebook: 120_000 };
/** Sources of lazy parts that are needed all the same before a key press does anything. */
const NEEDED_TO_TYPE = { notebook: [/^static\/notebook\/editor\//] };

/**
 * Builds everything into `outdir` (default dist/static). The new folder takes the place of the old one by a rename, so
 * that a server that starts meanwhile never sees half of it. Entries that do not exist are left out.
 */
export async function buildPages({
  minify = true,
  outdir = join(root, 'dist', 'static'),
  only = pages,
} = {}) {
  const entryPoints = {};
  for (const page of only) {
    const found = ['ts', 'tsx'].map((ext) => join(root, 'static', page, `${page}.${ext}`)).find(existsSync);
    if (found !== undefined) entryPoints[page] = found;
  }
  const fresh = `${outdir}.new-${process.pid}`;
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints,
    outdir: fresh,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
    minify,
    metafile: true,
    write: false,
    charset: 'utf8',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: join(root, 'static', 'tsconfig.json'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    // browsers of this decade take woff2; the other forms of KaTeX's fonts would only make the package larger
    loader: { '.woff2': 'file', '.woff': 'empty', '.ttf': 'empty', '.svg': 'file', '.png': 'file' },
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  });

  const files = new Map(
    result.outputFiles.map((file) => [relative(fresh, file.path), Buffer.from(file.contents)]),
  );
  const manifest = { entries: {}, files: {} };
  for (const [page, source] of Object.entries(entryPoints)) {
    manifest.entries[page] = describeEntry(result.metafile, relative(root, fresh), relative(root, source));
  }
  for (const name of singleFiles) {
    const bytes = await readFile(join(root, 'static', 'base', name));
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8).toUpperCase();
    const hashed = `${basename(name, extname(name))}-${hash}${extname(name)}`;
    files.set(hashed, bytes);
    manifest.files[name] = hashed;
  }
  files.set('manifest.json', Buffer.from(JSON.stringify(manifest, null, 1)));

  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  // What every visit loads is packed as small as can be; the hundred lazy chunks as quickly as is good.
  const first = new Set(
    Object.values(manifest.entries).flatMap(({ js, css, imports }) => [js, ...css, ...imports]),
  );
  await Promise.all(
    [...files].map(([name, bytes]) =>
      writeWithEncodings(join(fresh, name), bytes, minify && first.has(name)),
    ),
  );
  const old = `${fresh}.old`;
  if (existsSync(outdir)) await rename(outdir, old);
  await rename(fresh, outdir);
  await rm(old, { recursive: true, force: true });
  return manifest;
}

/** What one entry needs: its script, its style sheets, all that it imports at once; and what it loads later, by source. */
function describeEntry(metafile, outdir, source) {
  const name = (file) => relative(outdir, file);
  const describe = ([path, output]) => {
    const imports = new Set();
    const lazy = new Set();
    const visit = (file) => {
      for (const each of metafile.outputs[file]?.imports ?? []) {
        if (each.kind === 'dynamic-import') lazy.add(each.path);
        if (each.kind !== 'import-statement' || imports.has(name(each.path))) continue;
        imports.add(name(each.path));
        visit(each.path);
      }
    };
    visit(path);
    const css = output.cssBundle ? [name(output.cssBundle)] : [];
    return { js: name(path), css, imports: [...imports], lazy: [...lazy] };
  };
  const outputs = Object.entries(metafile.outputs);
  const entry = describe(outputs.find(([, each]) => each.entryPoint === source));
  const lazy = {};
  for (const path of entry.lazy) {
    const { js, css, imports } = describe([path, metafile.outputs[path]]);
    lazy[metafile.outputs[path].entryPoint ?? name(path)] = { js, css, imports };
  }
  return { ...entry, lazy };
}

const brotli = promisify(brotliCompress);
const gz = promisify(gzip);

async function writeWithEncodings(path, bytes, best) {
  await mkdir(dirname(path), { recursive: true });
  const writes = [writeFile(path, bytes)];
  // fonts and pictures are packed already
  if (/\.(js|css|svg|json)$/.test(path) && !path.endsWith('manifest.json') && bytes.length > 200) {
    const quality = best ? 11 : 5;
    writes.push(
      brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }).then((b) =>
        writeFile(`${path}.br`, b),
      ),
      gz(bytes, { level: best ? 9 : 6 }).then((b) => writeFile(`${path}.gz`, b)),
    );
  }
  await Promise.all(writes);
}

/**
 * Measures what each page costs and compares it with its budget: the template (the frame included), style sheets, icon,
 * everything that its entry imports at once, and the lazy parts without which nobody can type.
 *
 * @param outdir  a finished build
 * @returns {Promise<{ page: string, bytes: number, limit: number, files: { name: string, bytes: number }[] }[]>}
 */
export async function bundleBudgets({ outdir = join(root, 'dist', 'static') } = {}) {
  const manifest = JSON.parse(await readFile(join(outdir, 'manifest.json'), 'utf8'));
  const size = async (name, paths) => {
    const bytes = Buffer.concat(await Promise.all(paths.map((path) => readFile(path))));
    return { name, bytes: (await gz(bytes, { level: 9 })).length };
  };
  const rows = Object.entries(manifest.entries).flatMap(([page, entry]) => {
    const typing = { page, entry, name: page, limit: BUDGETS[page], types: true };
    const sight = { ...typing, name: `${page} (first sight)`, limit: FIRST_SIGHT[page], types: false };
    return FIRST_SIGHT[page] === undefined ? [typing] : [sight, typing];
  });
  return Promise.all(
    rows.map(async ({ page, entry, name, limit, types }) => {
      const needed = new Set([entry.js, ...entry.css, ...entry.imports, manifest.files['favicon.svg']]);
      for (const [source, part] of Object.entries(entry.lazy)) {
        if (!types || !(NEEDED_TO_TYPE[page] ?? []).some((pattern) => pattern.test(source))) continue;
        for (const name of [part.js, ...part.css, ...part.imports]) needed.add(name);
      }
      const template = ['page.html', `${page}.html`].map((name) => join(root, 'templates', name));
      const files = await Promise.all([
        size(`${page}.html`, template.filter(existsSync)),
        ...[...needed].map((name) => size(name, [join(outdir, name)])),
      ]);
      return { page: name, bytes: files.reduce((sum, file) => sum + file.bytes, 0), limit, files };
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  await buildPages({ minify: !process.argv.includes('--no-minify') });
  console.log(`pages built in ${Math.round(performance.now() - started)} ms`);
  for (const { page, bytes, limit, files } of await bundleBudgets()) {
    console.log(`${page.padEnd(10)} ${(bytes / 1000).toFixed(1)} kB gzip of ${limit / 1000} kB`);
    for (const file of files) console.log(`    ${(file.bytes / 1000).toFixed(1).padStart(6)}  ${file.name}`);
  }
}
