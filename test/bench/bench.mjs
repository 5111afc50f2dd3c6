// What `npm run bench` prints: cold start, idle memory, execute round trip and page weight, beside the peers in one run.
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { bundleBudgets } from '../../scripts/build-pages.mjs';
import { roundTrips } from './round-trip.mjs';
import { SERVERS, installed, residentMb, start } from './servers.mjs';

const rounds = process.argv.includes('--quick') ? 3 : 7;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const names = Object.keys(SERVERS).filter(installed);
const missing = Object.keys(SERVERS).filter((name) => !installed(name));
const measured = Object.fromEntries(names.map((name) => [name, { start: [], rss: [] }]));

console.log(
  `Node ${process.version}, load ${loadavg()
    .map((each) => each.toFixed(1))
    .join(' ')}, ${rounds} rounds`,
);
for (let round = 0; round < rounds; round++) {
  // The order turns each round, so that no server always has the warm cache.
  for (const name of round % 2 === 0 ? names : [...names].reverse()) {
    const server = await start(name);
    measured[name].start.push(server.startMs);
    await wait(1_500);
    measured[name].rss.push(residentMb(server.pid));
    await server.stop();
  }
}

for (const name of names.filter((each) => each !== 'bare node:http')) {
  const server = await start(name);
  try {
    measured[name].trips = await roundTrips(server, 200);
  } catch (error) {
    console.log(`execute round trip of ${name}: not shown (${error.message})`);
  } finally {
    await server.stop();
  }
}

const at = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];
const rows = names.map((name) => {
  const { start: starts, rss, trips } = measured[name];
  return {
    server: name,
    'first 200, ms': Math.round(median(starts)),
    'idle RSS, MB': Math.round(median(rss)),
    'execute p50, ms': trips ? at(trips.through, 0.5).toFixed(2) : '',
    'p99, ms': trips ? at(trips.through, 0.99).toFixed(2) : '',
    'direct p50, ms': trips ? at(trips.direct, 0.5).toFixed(2) : '',
    'over direct p50, ms': trips ? (at(trips.through, 0.5) - at(trips.direct, 0.5)).toFixed(2) : '',
  };
});
console.table(rows);

const ours = measured.nbserver;
const ratio = (label, value, bound, than) => {
  if (than === undefined) console.log(`${label}: not shown (${missing.join(', ')} not installed)`);
  else console.log(`${label}: ${(value / than).toFixed(2)} (target ≤ ${bound})`);
};
const of = (name, what) => (measured[name] ? median(measured[name][what]) : undefined);
ratio('cold start ÷ jupyter-server', median(ours.start), 0.6, of('jupyter-server', 'start'));
ratio('cold start ÷ bare node:http', median(ours.start), 3, of('bare node:http', 'start'));
ratio('idle RSS ÷ jupyter-server', median(ours.rss), 1, of('jupyter-server', 'rss'));
for (const name of missing) console.log(`${name}: not shown (not installed)`);
for (const { page, bytes, limit } of await bundleBudgets())
  console.log(`${page} page until ready: ${(bytes / 1000).toFixed(1)} kB gzip (target ≤ ${limit / 1000})`);
