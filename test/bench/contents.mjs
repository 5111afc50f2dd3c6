// The contents API and /files for what pages and clients ask all day: lists of 50 and of 10,000 entries, files of 100 kB, what
// text costs on the wire, and whether others have to wait while a long list is made.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { at, median } from './harness.mjs';
import { HEADERS, withServer } from './servers.mjs';

const KINDS = ['ipynb', 'py', 'csv', 'png'];

function fill(folder, count) {
  mkdirSync(folder);
  for (let i = 0; i < count; i++) writeFileSync(join(folder, `entry-${i}.${KINDS[i % 4]}`), `content ${i}\n`);
}

function prepare(longList) {
  return (folder) => {
    fill(join(folder, 'short'), 50);
    fill(join(folder, 'long'), longList);
    writeFileSync(join(folder, 'picture.png'), randomBytes(102_400));
    const rows = Array.from({ length: 10_000 }, (_, i) => `${i},${(i * 7919) % 1000},sample ${i % 97},ok\n`);
    writeFileSync(join(folder, 'table.csv'), rows.join(''));
  };
}

/** One request whose answer is read and thrown away: the client must not be what is measured. @returns bytes of the body */
function get(server, agent, path, headers = {}) {
  return new Promise((resolve, reject) => {
    const req = httpRequest(server.url + path, { agent, headers: { ...HEADERS, ...headers } }, (res) => {
      let size = 0;
      res.on('data', (chunk) => (size += chunk.length));
      res.on('end', () =>
        res.statusCode === 200 ? resolve(size) : reject(new Error(`${path}: ${res.statusCode}`)),
      );
    });
    req.on('error', reject);
    req.end();
  });
}

/** Requests a second, four at a time, each on a connection of its own. */
async function rate(server, agent, path, milliseconds) {
  const until = performance.now() + milliseconds;
  const started = performance.now();
  let count = 0;
  const lane = async () => {
    for (; performance.now() < until; count++) await get(server, agent, path);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  return (count / (performance.now() - started)) * 1000;
}

/** The times of `count` requests in ms, and the longest that `api/status` took meanwhile. */
async function watched(server, agent, path, count) {
  let isRunning = true;
  const waits = [];
  const asking = (async () => {
    while (isRunning) {
      const started = performance.now();
      await get(server, agent, 'api/status');
      waits.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  const times = [];
  for (let i = 0; i < count; i++) {
    const started = performance.now();
    await get(server, agent, path);
    times.push(performance.now() - started);
  }
  isRunning = false;
  await asking;
  return { times, longestWait: at(waits, 1) };
}

export default async function contents(bench) {
  const entries = 10_000;
  const duration = bench.size(2_000, 1_000);
  const results = await bench.measure({
    rounds: bench.size(5, 2),
    run: (name) =>
      withServer(name, { prepare: prepare(entries) }, async (server) => {
        const agent = new Agent({ keepAlive: true });
        try {
          const long = await watched(server, agent, 'api/contents/long', 7);
          // Long enough that what is asked for often has been compiled, in every server: this is about a server in use.
          for (const path of ['api/contents/short', 'files/picture.png'])
            await rate(server, agent, path, bench.size(4_000, 1_500));
          return {
            '50 entries, requests/s': await rate(server, agent, 'api/contents/short', duration),
            'a file of 100 kB, requests/s': await rate(server, agent, 'files/picture.png', duration),
            '10,000 entries, the first time, ms': long.times[0],
            '10,000 entries, again, ms': median(long.times.slice(1)),
            'api/status meanwhile, at most ms': long.longestWait,
            'a CSV on the wire, kB':
              (await get(server, agent, 'files/table.csv', { 'Accept-Encoding': 'gzip, deflate, br' })) /
              1000,
          };
        } finally {
          agent.destroy();
        }
      }),
  });
  bench.table(results);
  const ratio = (figure, target, options) =>
    bench.ratio(
      figure,
      bench.of(results, 'nbserver', figure),
      bench.better(results, figure, options),
      target,
    );
  ratio('50 entries, requests/s', { atLeast: 8 }, { most: true });
  ratio('10,000 entries, the first time, ms', { atMost: 0.2 });
  ratio('10,000 entries, again, ms', { atMost: 0.2 });
  bench.target(
    'api/status while 10,000 entries are listed',
    bench.of(results, 'nbserver', 'api/status meanwhile, at most ms'),
    { atMost: 50, unit: 'ms' },
  );
  ratio('a file of 100 kB, requests/s', { atLeast: 1.3 }, { most: true });
  ratio('a CSV on the wire, kB', { atMost: 0.25 });
}
