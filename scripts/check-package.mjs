// The package as its users get it: packed, installed into an empty prefix, started, asked for a page, and compiled against.
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, root } from './setup.mjs';

/** The tarball is downloaded by everybody: nothing large may slip into it. */
const LARGEST_TARBALL = 6_000_000;

// The tests before this one build without types what they find out of date.
await build({ types: true });

const work = mkdtempSync(join(tmpdir(), 'nbserver-package-'));
const env = {
  ...process.env,
  HOME: work,
  JUPYTER_CONFIG_DIR: join(work, 'config'),
  JUPYTER_DATA_DIR: join(work, 'data'),
  JUPYTER_RUNTIME_DIR: join(work, 'runtime'),
  npm_config_cache: process.env.npm_config_cache ?? join(process.env.HOME ?? work, '.npm'),
};

function run(command, args, cwd = work) {
  const done = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (done.status !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${done.status}:\n${done.stdout}${done.stderr}`);
  }
  return done.stdout;
}

function assert(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

/** Starts the installed binary and resolves with its address and its process. */
async function serve(binary) {
  const folder = join(work, 'notebooks');
  mkdirSync(folder);
  const child = spawn(binary, [folder, '--port=0', '--no-browser', '--token=package-check'], {
    env,
    cwd: folder,
  });
  let output = '';
  const url = await new Promise((resolve, reject) => {
    const look = (data) => {
      output += data;
      const found = /(http:\/\/\S+)/.exec(output);
      if (found) resolve(new URL(found[1]).origin);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
    setTimeout(() => reject(new Error(`no address within 20 s:\n${output}`)), 20_000).unref();
  });
  return { child, url };
}

try {
  // The build is up to date (npm test made it): packing must not start it again.
  run('npm', ['pack', '--ignore-scripts', '--silent', `--pack-destination=${work}`], root);
  const tarball = join(
    work,
    readdirSync(work).find((name) => name.endsWith('.tgz')),
  );
  assert(statSync(tarball).size < LARGEST_TARBALL, `The tarball has ${statSync(tarball).size} bytes.`);

  const prefix = join(work, 'prefix');
  run('npm', ['install', '--global', `--prefix=${prefix}`, '--silent', tarball]);
  const binary = join(prefix, 'bin', 'nbserver');
  assert(existsSync(binary), 'The package installs no nbserver command.');
  assert(/^\d+\.\d+\.\d+/.test(run(binary, ['--version'])), 'nbserver --version prints no version.');

  const licenses = readFileSync(
    join(prefix, 'lib', 'node_modules', 'nbserver', 'dist', 'THIRD-PARTY-LICENSES.txt'),
    'utf8',
  );
  // of the server, of a script of a page, of a font, of what is loaded when it is wanted
  for (const name of ['express', '@codemirror/view', 'katex', 'prom-client', 'sql.js'])
    assert(new RegExp(`^${name} \\d`, 'm').test(licenses), `The package lacks the licence of ${name}.`);

  const { child, url } = await serve(binary);
  const headers = { Authorization: 'token package-check' };
  const page = await fetch(`${url}/tree`, { headers });
  const html = await page.text();
  assert(page.status === 200, `The dashboard answers ${page.status}.`);
  const script = /(?:src|href)="([^"]+\.(?:js|css))"/.exec(html)?.[1];
  assert(script, 'The dashboard names no script.');
  const asset = await fetch(new URL(script, url));
  assert(
    asset.status === 200 && (await asset.arrayBuffer()).byteLength > 0,
    `${script} answers ${asset.status}.`,
  );
  const kernels = await (await fetch(`${url}/api/kernelspecs`, { headers })).json();
  assert('javascript' in kernels.kernelspecs, 'The package brings no JavaScript kernel.');
  child.kill('SIGTERM');
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert(code === 0, `SIGTERM ended the server with ${code}.`);

  const consumer = join(work, 'consumer');
  const stores = join(consumer, 'node_modules', 'nbserver', 'examples', 'stores');
  cpSync(join(root, 'test', 'consumer'), consumer, { recursive: true });
  writeFileSync(join(consumer, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
  run('npm', ['install', '--silent', tarball], consumer);
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const types = join(root, 'node_modules', '@types');
  const options = [
    '--strict',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
    '--typeRoots',
    types,
  ];
  run(process.execPath, [tsc, ...options, 'consumer.ts'], consumer);
  const passed = run(process.execPath, ['conformance.mjs', stores], consumer);
  assert(/^passed [1-9]\d+ checks$/m.test(passed), `The conformance suite of the package says: ${passed}`);
  console.log('packed, installed, served a page, and compiled against');
} finally {
  rmSync(work, { recursive: true, force: true, maxRetries: 3 });
}
