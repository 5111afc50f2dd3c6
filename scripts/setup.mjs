// Brings a clone to the point where something can run: npm packages, the build, and for tests the system's packages.
// Each step looks first and does nothing when it is up to date.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Says in one line why we cannot go on, and ends. */
export function fail(message) {
  console.error(`nbserver: ${message}`);
  process.exit(1);
}

export function checkNode() {
  // What builds and checks needs more than what it builds, which runs on Node 20.12: rolldown, vite, eslint, yargs.
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isEnough = major >= 24 || (major === 22 && minor >= 13) || (major === 20 && minor >= 19);
  if (!isEnough)
    fail(
      `Node.js 20.19, 22.13 or 24, or a newer one of these, builds nbserver, and this is ${process.version}. Get it from https://nodejs.org/.`,
    );
  if (process.platform === 'win32')
    fail('Windows is not supported yet. Use WSL (Windows Subsystem for Linux) and run it there.');
}

/** `npm ci`, when node_modules is missing or older than the lock file. Development packages included. */
export function installPackages() {
  const lock = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules', '.nbserver-installed');
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('nbserver: installing packages (once, about half a minute) …');
  const done = spawnSync('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env: { ...withoutNpmSettings(), NBSERVER_SETUP: '1' },
    stdio: ['ignore', 2, 2],
  });
  if (done.status !== 0) fail('npm could not install the packages; its message is above.');
  writeFileSync(stamp, wanted);
}

/** A nested npm must not take over `--global` and the like from the npm that called us. */
function withoutNpmSettings() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^npm_config_(global|prefix|local_prefix|omit|include|production|dry_run|location)$/i.test(name),
    ),
  );
}

/** Builds `dist` when a source is newer than it. `types`: also the .d.ts files, which only the package needs. */
export async function build({ types = false } = {}) {
  const { compileNotebookSchemas } = await import('./notebook-schemas.mjs');
  await compileNotebookSchemas();
  const stamp = join(root, 'dist', types ? '.built-with-types' : '.built');
  const wanted = sourceState();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('nbserver: building …');
  const { buildAll } = await import('./build.mjs');
  await buildAll({ types });
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(join(root, 'dist', '.built'), wanted);
  if (types) writeFileSync(stamp, wanted);
}

/** Names, sizes and times of everything that the build reads. */
function sourceState() {
  const hash = createHash('sha256');
  const visit = (path) => {
    const stat = statSync(path);
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
  };
  for (const name of [
    'src',
    'static',
    'templates',
    'scripts',
    'tsconfig.json',
    'tsconfig.types.json',
    'package.json',
    'package-lock.json',
  ])
    visit(join(root, name));
  return hash.digest('hex');
}

/** What the tests use from Debian: real kernels, a real browser, real proxies. One list, one apt call. */
const DEBIAN_PACKAGES = {
  chromium: '/usr/bin/chromium',
  'fonts-liberation': '/usr/share/fonts/truetype/liberation',
  nginx: '/usr/sbin/nginx',
  caddy: '/usr/bin/caddy',
  openssl: '/usr/bin/openssl',
  curl: '/usr/bin/curl',
  'python3-ipykernel': '/usr/share/jupyter/kernels/python3/kernel.json',
  'python3-matplotlib': '/usr/lib/python3/dist-packages/matplotlib',
  'python3-pandas': '/usr/lib/python3/dist-packages/pandas',
};

/** What only the long tests use: kernels of others, Jupyter's test-suite for kernels, progress bars. Some 300 MB. */
const MORE_DEBIAN_PACKAGES = {
  'r-cran-irkernel': '/usr/share/jupyter/kernels/ir/kernel.json',
  'python3-octave-kernel': '/usr/share/jupyter/kernels/octave/kernel.json',
  xpython: '/usr/share/jupyter/kernels/xpython/kernel.json',
  'python3-tqdm': '/usr/lib/python3/dist-packages/tqdm',
  'python3-jupyter-kernel-test': '/usr/lib/python3/dist-packages/jupyter_kernel_test',
};

/**
 * @param {{ all?: boolean }} options  all: with what only the long tests use
 * @returns {string[]} the packages that are still missing afterwards
 */
export function installDebianPackages({ all = false } = {}) {
  const wanted = all ? { ...DEBIAN_PACKAGES, ...MORE_DEBIAN_PACKAGES } : DEBIAN_PACKAGES;
  const missing = () => Object.keys(wanted).filter((name) => !existsSync(wanted[name]));
  if (missing().length === 0) return [];
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return missing();
  console.error(`nbserver: installing ${missing().join(', ')} for the tests …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 2] });
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', ...missing());
  return missing();
}
