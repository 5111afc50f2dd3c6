// `npm test`: sets up what is missing and runs every check that decides whether the project is sound.
// `--all` adds the long ones. Groups that lack a part of the system are listed as SKIPPED; with CI=true that is a failure.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, checkNode, fail, installDebianPackages, installPackages, root } from './setup.mjs';

checkNode();
installPackages();
const missing = installDebianPackages();
await build({ types: true });

const all = process.argv.includes('--all');
const results = mkdtempSync(join(tmpdir(), 'nbserver-test-'));
const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
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
    failures.push(name);
  }
  return code === 0;
}

/** One check that counts as one test. */
async function single(name, command) {
  counts[(await check(name, command)) ? 'passed' : 'failed']++;
}

/** A group of vitest tests, counted one by one from its report. */
async function tests(project, env = {}) {
  const report = join(results, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const command = node('vitest/vitest.mjs', 'run', '--project', project, ...reporters);
  await check(`tests: ${project}`, command, { live: true, env });
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed += numPassedTests;
    counts.failed += numFailedTests;
    counts.skipped += numPendingTests;
  } catch {
    // The runner ended before it could write its report: it was counted as a failed check, and this makes it visible.
    counts.failed++;
  }
}

const env = all ? { NBSERVER_TEST_ALL: '1' } : {};
await Promise.all([
  single('types', node('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json')),
  single('types of the pages', node('typescript/bin/tsc', '--noEmit', '-p', 'static/tsconfig.json')),
]);
await Promise.all([
  single('lint and import rules', node('eslint/bin/eslint.js', '.')),
  single('format', node('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.')),
]);
await single('bundle budgets', [process.execPath, 'scripts/check-budgets.mjs']);
await tests('unit', env);
await tests('api', env);
await tests('browser', env);
await single('the package, installed and used from its tarball', [
  process.execPath,
  'scripts/check-package.mjs',
]);

rmSync(results, { recursive: true, force: true });
for (const name of failures) console.log(`FAILED   ${name}`);
for (const name of missing) console.log(`SKIPPED  what needs Debian's ${name}, which is not installed`);
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`Tests: ${counts.passed} passed, ${counts.failed} failed${skipped}`);
if (missing.length > 0 && process.env.CI === 'true') fail('in CI nothing may be skipped.');
process.exit(failures.length > 0 ? 1 : 0);
