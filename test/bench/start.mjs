// Cold start, idle memory, execute round trip and page weight.
import { setTimeout as wait } from 'node:timers/promises';
import { bundleBudgets } from '../../scripts/build-pages.mjs';
import { at } from './harness.mjs';
import { residentMb } from './processes.mjs';
import { roundTrips } from './round-trip.mjs';
import { PEERS, withServer } from './servers.mjs';

export default async function start(bench) {
  const starts = await bench.measure({
    of: ['nbserver', ...PEERS, 'bare node:http'],
    run: (name) =>
      withServer(name, {}, async ({ startMs, pid }) => {
        await wait(1_500); // what a start leaves to later has come by then
        return { 'first 200, ms': startMs, 'idle RSS, MB': residentMb(pid) };
      }),
  });
  bench.table(starts);
  const first = (name) => bench.of(starts, name, 'first 200, ms');
  const idle = (name) => bench.of(starts, name, 'idle RSS, MB');
  bench.ratio('cold start ÷ jupyter-server', first('nbserver'), first('jupyter-server'), { atMost: 0.6 });
  bench.ratio('cold start ÷ bare node:http', first('nbserver'), first('bare node:http'), { atMost: 3 });
  bench.ratio('idle RSS ÷ jupyter-server', idle('nbserver'), idle('jupyter-server'), { atMost: 1 });

  const trips = await bench.measure({
    rounds: bench.size(3, 1),
    run: (name) =>
      withServer(name, {}, async (server) => {
        const { through, direct } = await roundTrips(server, bench.size(300, 100));
        return {
          'execute p50, ms': at(through, 0.5),
          'p99, ms': at(through, 0.99),
          'direct p50, ms': at(direct, 0.5),
          'over direct p50, ms': at(through, 0.5) - at(direct, 0.5),
        };
      }),
  });
  bench.table(trips, 2);
  bench.target('execute round trip over direct ZeroMQ', bench.of(trips, 'nbserver', 'over direct p50, ms'), {
    atMost: 1,
    unit: 'ms',
  });

  for (const { page, bytes, limit } of await bundleBudgets())
    bench.target(`${page} page until ready, gzip`, bytes / 1000, { atMost: limit / 1000, unit: 'kB' });
}
