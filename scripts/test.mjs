// `npm test`: sets up what is missing and runs every check that decides whether the project is sound.
// `--all` (npm run test:all) goes on with the long tests: the files that hold some run again with all their rounds.
// `--soak` (npm run soak) runs only the tests that take minutes. What needs a part that this machine lacks is listed as
// SKIPPED; with CI=true that is a failure.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build, checkNode, installDebianPackages, installPackages, root } from './setup.mjs';
import { TestResults } from './test-results.mjs';

checkNode();
installPackages();
const all = process.argv.includes('--all');
const missing = installDebianPackages({ all });
await build({ types: true });

const reports = mkdtempSync(join(tmpdir(), 'nbserver-test-'));
const results = new TestResults();
const failed = [];
const node = (script, ...args) => [process.execPath, join(root, 'node_modules', script), ...args];

/** Runs one check; its output is shown when it fails, or live for the test runner. */
async function check(name, command, { live = false, env = {} } = {}) {
  const started = Date.now();
  const child = spawn(command[0], command.slice(1), {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
  });
  let output = '';
  child.stdout?.on('data', (data) => (output += data));
  child.stderr?.on('data', (data) => (output += data));
  const code = await new Promise((resolve) => child.on('close', resolve));
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name}  (${seconds} s)`);
  if (code !== 0) {
    if (!live) console.log(output);
    failed.push(name);
  }
  return code === 0;
}

/** One check that counts as one test. */
async function single(name, command) {
  results.one(name, await check(name, command));
}

/** A group of vitest tests, counted one by one from its report. */
async function tests(project, { files = [], env = {}, name = `tests: ${project}` } = {}) {
  const report = join(reports, `${name.replace(/\W+/g, '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const command = node('vitest/vitest.mjs', 'run', '--project', project, ...reporters, ...files);
  await check(name, command, { live: true, env });
  try {
    results.add(JSON.parse(readFileSync(report, 'utf8')));
  } catch {
    // The runner ended before it could write its report: that group as a whole has failed.
    results.one(name, false);
  }
}

/** The test files of a group that ask which tier runs. */
function filesWithLongTests(project) {
  const folder = join(root, 'test', project);
  return readdirSync(folder, { recursive: true })
    .filter((name) => /\.test\.tsx?$/.test(name))
    .map((name) => join(folder, name))
    .filter((file) => /\/tier\.js'/.test(readFileSync(file, 'utf8')))
    .map((file) => relative(root, file));
}

async function shortTests() {
  // The compiler in native code checks the types, eight times as fast; the lint rules need the one before it.
  await Promise.all([
    single('types', node('typescript7/bin/tsc', '--noEmit', '-p', 'tsconfig.json')),
    single('types of the pages', node('typescript7/bin/tsc', '--noEmit', '-p', 'static/tsconfig.json')),
  ]);
  await Promise.all([
    single('lint and import rules', node('eslint/bin/eslint.js', '.')),
    single('format', node('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.')),
  ]);
  await single('bundle budgets', [process.execPath, 'scripts/check-budgets.mjs']);
  for (const project of ['unit', 'api', 'browser']) await tests(project);
  await single('the package, installed and used from its tarball', [
    process.execPath,
    'scripts/check-package.mjs',
  ]);
}

async function longTests() {
  for (const project of ['unit', 'api', 'browser']) {
    const files = filesWithLongTests(project);
    const env = { NBSERVER_TEST_ALL: '1' };
    if (files.length > 0) await tests(project, { files, env, name: `long tests: ${project}` });
  }
}

if (process.argv.includes('--soak')) await tests('soak', { env: { NBSERVER_TEST_ALL: '1' } });
else {
  await shortTests();
  if (all) await longTests();
}

rmSync(reports, { recursive: true, force: true });
for (const name of failed) console.log(`FAILED   ${name}`);
for (const name of missing) console.log(`SKIPPED  what needs Debian's ${name}, which is not installed`);
const skipped = results.names('skipped');
if (all) for (const name of skipped) console.log(`SKIPPED  ${relative(root, name)}`);
else if (skipped.length > 0)
  console.log(`${skipped.length} tests were left out: the long ones are made by "npm run test:all".`);
const refused = missing.length > 0 && process.env.CI === 'true';
if (refused) console.log('FAILED   in CI nothing may be skipped for want of a package');
console.log(`Tests: ${results.names('passed').length} passed, ${results.names('failed').length} failed`);
process.exit(failed.length > 0 || refused ? 1 : 0);
