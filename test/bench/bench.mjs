// `npm run bench -- [group …] [--quick]`: us beside the peers that are installed, on the same work in one run, as ratios.
//
// How a group is added: write test/bench/<group>.mjs whose default export is `async (bench) => {…}`, and put its name into
// GROUPS. It measures with `bench.measure({ rounds, run: (name) => figures })`, which runs the servers in turn and turns the
// order each round; starts each server in a home of its own with `withServer(name, { prepare, args }, work)` of servers.mjs;
// prints with `bench.table(results)`, and each figure that is promised with `bench.ratio(label, ours, theirs, { atMost })` or
// `bench.target(label, value, { atMost, unit })`. processes.mjs knows CPU and memory of a process. What a peer lacks is "not
// shown". Nothing is installed from here. Sizes that `--quick` makes smaller are `bench.size(full, quick)`. A group may import
// sources (.ts) and the built package alike. Absolute figures move with the load of the machine; write ratios into
// docs/performance.md.
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { Bench } from './harness.mjs';
import { PEERS, installed } from './servers.mjs';

const here = new URL('.', import.meta.url);
const GROUPS = [
  'start',
  'contents',
  'notebooks',
  'kernels',
  'documents',
  'browser',
  'pages',
  'terminal',
].filter((name) => existsSync(new URL(`${name}.mjs`, here)));

const words = process.argv.slice(2);
const wanted = words.filter((word) => !word.startsWith('-'));
const unknown = [
  ...wanted.filter((word) => !GROUPS.includes(word)),
  ...words.filter((word) => word.startsWith('-') && word !== '--quick'),
];
if (unknown.length > 0) {
  console.error(`bench: there is no ${unknown.join(', ')}. Groups: ${GROUPS.join(', ')}; flag: --quick.`);
  process.exit(1);
}

const load = () =>
  loadavg()
    .map((each) => each.toFixed(1))
    .join(' ');
const bench = new Bench({ quick: words.includes('--quick') });
console.log(
  `${new Date().toISOString()}, Node ${process.version}, ${cpus().length} × ${cpus()[0].model}, load ${load()}`,
);
for (const name of PEERS.filter((each) => !installed(each)))
  console.log(`${name} is not installed: ratios to it are not shown (Debian: apt install ${name})`);

const failed = [];
for (const group of wanted.length > 0 ? wanted : GROUPS) {
  console.log(`\n${group}`);
  try {
    const { default: run } = await import(`./${group}.mjs`);
    await run(bench);
  } catch (error) {
    console.error(`${group} FAILED:`, error);
    failed.push(group);
  }
}

console.log(`\nload at the end ${load()}`);
for (const line of bench.missed) console.log(`MISSED  ${line}`);
process.exit(failed.length > 0 ? 1 : 0);
