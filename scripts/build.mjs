// What a build makes: the server (esbuild, one file per entry plus shared chunks), the pages, and the .d.ts files.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lean } from './lean/lean.mjs';
import { licensesOf } from './licenses.mjs';
import { root } from './setup.mjs';

/** Packages that stay packages: natives and what cannot be bundled. They are the `dependencies` in package.json. */
const external = ['zeromq', '@node-rs/argon2', '@lydell/node-pty', 'fsevents'];

export async function buildAll({ types = false } = {}) {
  const esbuild = await import('esbuild');
  // Beside the old build, which a server may be running from, and swapped at the end.
  const next = join(root, 'dist.new');
  rmSync(next, { recursive: true, force: true });
  const { buildPages, bundledBy } = await import('./build-pages.mjs');
  const { buildTemplates } = await import('./build-templates.mjs');
  const program = {
    absWorkingDir: root,
    outdir: next,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // jsonc-parser's `main` is UMD, whose inner require() no bundler can follow.
    mainFields: ['module', 'main'],
    chunkNames: 'chunks/[name]-[hash]',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    external,
    // Bundled CommonJS packages call require() for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  };
  const [server, kernel, pages] = await Promise.all([
    esbuild.build({
      ...program,
      entryPoints: { main: 'src/main.ts', index: 'src/index.ts', testing: 'src/testing.ts' },
      plugins: [lean],
    }),
    esbuild.build({
      ...program,
      // its names are seen by who inspects values and reads stacks
      keepNames: true,
      entryPoints: {
        'javascript-kernel/main': 'src/javascript-kernel/main.ts',
        'javascript-kernel/worker': 'src/javascript-kernel/worker.ts',
      },
      // What the kernel itself uses of the globals must survive a cell that declares `class Set {}`.
      inject: ['src/javascript-kernel/captured-globals.ts'],
    }),
    buildPages({ minify: true, outdir: join(next, 'static') }),
  ]);
  const resources = join(root, 'src', 'javascript-kernel', 'resources');
  if (existsSync(resources))
    cpSync(resources, join(next, 'javascript-kernel', 'resources'), { recursive: true });
  // The compiled schemas are part of the bundle, and their licence asks to come with it.
  cpSync(join(root, 'src', 'notebook', 'schemas', 'LICENSE.nbformat'), join(next, 'LICENSE.nbformat'));
  const sources = [...bundledBy(server.metafile, root), ...bundledBy(kernel.metafile, root), ...pages];
  writeFileSync(join(next, 'THIRD-PARTY-LICENSES.txt'), licensesOf(sources));
  // Reads Jupyter's database of trusted notebooks.
  cpSync(join(root, 'node_modules', 'sql.js', 'dist', 'sql-wasm.wasm'), join(next, 'sql-wasm.wasm'));
  buildTemplates(join(next, 'templates.js'));
  await buildExportStyle(esbuild, join(next, 'export.css'));
  if (types) buildTypes(join(next, 'types'));
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  renameSync(next, join(root, 'dist'));
}

/** Exported notebooks have the colours of the pages: one sheet of theirs and of the exports' own. */
async function buildExportStyle(esbuild, target) {
  const read = (...path) => readFileSync(join(root, ...path), 'utf8');
  const syntax = read('static', 'notebook', 'css', 'source.css').match(
    /(?:\.tok-[\w-]+,\s*)*\.tok-[\w-]+\s*\{[^}]*\}/g,
  );
  const sheets = [
    read('static', 'base', 'tokens.css'),
    read('static', 'notebook', 'css', 'ansi.css'),
    ...(syntax ?? []),
    read('src', 'export', 'export.css'),
  ];
  const { code } = await esbuild.transform(sheets.join('\n'), { loader: 'css', minify: true });
  writeFileSync(target, code);
}

function buildTypes(folder) {
  const tsc = join(root, 'node_modules', 'typescript7', 'bin', 'tsc');
  const done = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.types.json', '--outDir', folder], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (done.status !== 0) throw new Error('The .d.ts files could not be made; the messages of tsc are above.');
}
