// Builds the browser code: one entry per page into dist/static, hashed names, a manifest, and .br/.gz beside each file.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import * as esbuild from 'esbuild';
import { rolldown } from 'rolldown';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const pages = ['tree', 'notebook', 'login', 'terminal', 'edit', 'connection', 'output-frame'];
const TARGETS = ['es2022', 'chrome123', 'firefox120', 'safari17.5'];

/**
 * Bytes (gzip) that a page may cost until a person can work with it: HTML, CSS and everything its entry imports at once.
 */
const BUDGETS = {
  tree: 37_000,
  notebook: 152_000,
  login: 6_000,
  connection: 12_000,
  terminal: 96_000,
  edit: 136_000,
  'output-frame': 4_000,
};
/** The same until the first cell is seen. */
const FIRST_SIGHT = { notebook: 94_000 };
/** Sources of lazy parts that are needed all the same before a key press does anything. */
const NEEDED_TO_TYPE = { notebook: [/^static\/notebook\/editor\//] };
/** … and what a Python notebook with text in it loads beside that. */
const NEEDED_TO_READ = { notebook: [/^static\/notebook\/(editor|rich|colours)\//] };
const WITH_READING = { notebook: 218_000 };
/** Lazy parts that nearly every visit loads. */
const USUAL = /^static\/notebook\/(editor|rich|colours|writing)\//;
/** Style sheets that pages load when they have something for them (static/base/load-style.ts). */
const LATER_STYLES = { math: 'base/math.css' };
/** Modules that are wanted at one time are one file. Python's colours come with the others': most notebooks need them. */
const CODEMIRROR = [
  {
    name: 'editor',
    test: /@codemirror\/view|style-mod|w3c-keyname|crelt|static\/notebook\/editor\/editor\.ts/,
  },
  {
    name: 'colours',
    test: /@lezer\/(common|highlight|lr|python)\/|notebook\/colours\/parsers|src\/render\/highlight/,
  },
  { name: 'writing', test: /@codemirror\/(language|commands|autocomplete)\/|static\/notebook\/writing\// },
];
const TOGETHER = {
  notebook: [...CODEMIRROR, { name: 'journal', test: /static\/notebook\/journal(-replay)?\.ts/ }],
};

/**
 * Builds everything into `outdir` (default dist/static). The new folder takes the place of the old one by a rename, so
 * that a server that starts meanwhile never sees half of it. Entries that do not exist are left out.
 *
 * @returns the absolute paths of what was bundled
 */
export async function buildPages({
  minify = true,
  outdir = join(root, 'dist', 'static'),
  only = pages,
} = {}) {
  const files = new Map();
  const sources = new Set();
  const manifest = { entries: {} };
  const built = await Promise.all(
    only.map(async (page) => {
      const [source] = ['ts', 'tsx']
        .map((ext) => join(root, 'static', page, `${page}.${ext}`))
        .filter(existsSync);
      if (source === undefined) return undefined;
      const [chunks, css] = await Promise.all([
        bundleScripts(page, source, minify),
        bundleStyles(page, join(page, `${page}.css`), minify),
      ]);
      return { page, chunks, css };
    }),
  );
  for (const { page, chunks, css } of built.filter((each) => each !== undefined)) {
    for (const { fileName, code, moduleIds } of chunks) {
      files.set(fileName, Buffer.from(code));
      for (const id of moduleIds) sources.add(id);
    }
    for (const { name, bytes } of css.files) files.set(name, bytes);
    for (const path of css.sources) sources.add(path);
    manifest.entries[page] = describeEntry(
      chunks,
      css.files.map(({ name }) => name).filter((name) => name.endsWith('.css')),
    );
  }
  for (const [name, path] of Object.entries(LATER_STYLES)) {
    const styles = await bundleStyles(name, path, minify);
    for (const each of styles.sources) sources.add(each);
    for (const file of styles.files) {
      files.set(file.name, file.bytes);
      if (file.name.endsWith('.css')) (manifest.styles ??= {})[name] = file.name;
    }
  }
  files.set('manifest.json', Buffer.from(JSON.stringify(manifest, null, 1)));

  const fresh = `${outdir}.new-${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  // What every visit loads is packed as small as can be; the hundred lazy chunks as quickly as is good.
  const first = new Set(
    Object.values(manifest.entries).flatMap((entry) => [
      ...[entry.js, ...entry.css, ...entry.imports],
      ...Object.entries(entry.lazy).flatMap(([source, { js }]) => (USUAL.test(source) ? [js] : [])),
    ]),
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
  return sources;
}

/**
 * The scripts of one page. Each page is bundled by itself, and what its entry imports at once is one file: a first visit
 * makes few requests, and no page carries what only another one shares.
 */
async function bundleScripts(page, source, minify) {
  const groups = TOGETHER[page];
  const bundle = await rolldown({
    cwd: root,
    input: { [page]: source },
    platform: 'browser',
    preserveEntrySignatures: false,
    tsconfig: join(root, 'static', 'tsconfig.json'),
    transform: { target: TARGETS, define: { 'process.env.NODE_ENV': '"production"' } },
    // style sheets are bundled by themselves
    plugins: [
      {
        name: 'no-styles',
        load: { filter: { id: /\.css$/ }, handler: () => ({ code: '', moduleType: 'js' }) },
      },
    ],
  });
  try {
    const { output } = await bundle.generate({
      format: 'esm',
      minify,
      comments: false,
      hashCharacters: 'base36',
      entryFileNames: '[name]-[hash:8].js',
      chunkFileNames: '[name]-[hash:8].js',
      ...(groups && { codeSplitting: { groups, includeDependenciesRecursively: false } }),
    });
    return output.filter((each) => each.type === 'chunk');
  } finally {
    await bundle.close();
  }
}

/** One style sheet with the fonts that it names, under a name of its own. @param path  below static/ */
async function bundleStyles(name, path, minify) {
  const source = join(root, 'static', path);
  if (!existsSync(source)) return { files: [], sources: [] };
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: { [name]: source },
    outdir: root,
    bundle: true,
    target: TARGETS,
    minify,
    write: false,
    charset: 'utf8',
    legalComments: 'none',
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    // browsers of this decade take woff2; the other forms of KaTeX's fonts would only make the package larger
    loader: { '.woff2': 'file', '.woff': 'empty', '.ttf': 'empty', '.svg': 'file', '.png': 'file' },
    metafile: true,
    logLevel: 'warning',
  });
  return {
    files: outputFiles.map(({ path, contents }) => ({
      name: relative(root, path),
      bytes: Buffer.from(contents),
    })),
    sources: bundledBy(metafile, root),
  };
}

/** @param {esbuild.Metafile} metafile  @param {string} folder  where it was built @returns {string[]} absolute paths of what is in it */
export function bundledBy(metafile, folder) {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  return [...new Set(used)].map((path) => join(folder, path));
}

/** What one entry needs: its script, its style sheets, all that it imports at once; and what it loads later, by source. */
function describeEntry(chunks, css) {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const importsOf = (name, known = new Set()) => {
    for (const each of byName.get(name)?.imports ?? []) {
      if (known.has(each)) continue;
      known.add(each);
      importsOf(each, known);
    }
    return known;
  };
  const entry = chunks.find((chunk) => chunk.isEntry);
  const imports = importsOf(entry.fileName);
  const lazy = {};
  for (const { fileName, moduleIds } of chunks) {
    if (fileName === entry.fileName || imports.has(fileName)) continue;
    const own = [...importsOf(fileName)].filter((name) => name !== entry.fileName && !imports.has(name));
    for (const id of moduleIds) lazy[relative(root, id)] = { js: fileName, css: [], imports: own };
  }
  return { js: entry.fileName, css, imports: [...imports], lazy };
}

const brotli = promisify(brotliCompress);
const gz = promisify(gzip);

async function writeWithEncodings(path, bytes, best) {
  await mkdir(dirname(path), { recursive: true });
  const writes = [writeFile(path, bytes)];
  // fonts and pictures are packed already
  if (/\.(js|css|svg|json)$/.test(path) && !path.endsWith('manifest.json') && bytes.length > 200) {
    writes.push(gz(bytes, { level: best ? 9 : 6 }).then((packed) => writeFile(`${path}.gz`, packed)));
    // packed quickly, brotli is no smaller than gzip
    if (best) {
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
      writes.push(brotli(bytes, { params }).then((packed) => writeFile(`${path}.br`, packed)));
    }
  }
  await Promise.all(writes);
}

/**
 * Measures what each page costs and compares it with its budget: the template (the frame included), style sheets,
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
  const rows = Object.entries(manifest.entries).flatMap(([page, entry]) =>
    [
      { page, entry, name: `${page} (first sight)`, limit: FIRST_SIGHT[page], wants: [] },
      { page, entry, name: page, limit: BUDGETS[page], wants: NEEDED_TO_TYPE[page] ?? [] },
      {
        page,
        entry,
        name: `${page} (with text)`,
        limit: WITH_READING[page],
        wants: NEEDED_TO_READ[page] ?? [],
      },
    ].filter(({ limit }) => limit !== undefined),
  );
  return Promise.all(
    rows.map(async ({ page, entry, name, limit, wants }) => {
      const needed = new Set([entry.js, ...entry.css, ...entry.imports]);
      for (const [source, part] of Object.entries(entry.lazy)) {
        if (!wants.some((pattern) => pattern.test(source))) continue;
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
