// What lies between a kernel and its clients: round trips, floods of small, long and binary messages, many websockets, a slow
// one, starts and memory; beside the peers, and beside the same kernel straight on ZeroMQ. The kernel is the one of the tests
// (test/fake-kernel), which makes its messages before it sends them. Peers get fewer messages of a flood, as they need a
// minute for what takes us seconds; rates and CPU are given per message, so that they compare.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { numberIn, openChannels } from './channel-socket.mjs';
import { freePort, startKernel } from './direct-kernel.mjs';
import { at } from './harness.mjs';
import { cpuSeconds, peakMb, residentMb } from './processes.mjs';
import { roundTrips } from './round-trip.mjs';
import { installed, withServer } from './servers.mjs';
import { watchStatus } from './status-watch.mjs';

const script = (path) => fileURLToPath(new URL(path, import.meta.url));
const fakeKernel = (...mode) => [
  process.execPath,
  script('../fake-kernel/main.mjs'),
  '{connection_file}',
  ...mode,
];
/** Longest time that one flood may take (ms); what is not there by then counts as a failure of that server. */
const patience = 180_000;
const MB = 1e6;

export default async function kernels(bench) {
  const only = process.env.NBSERVER_BENCH_ONLY?.split(',');
  const parts = { roundTrip, small, text, buffers, highWater, fanOut, slow, starts };
  for (const [name, part] of Object.entries(parts)) if (!only || only.includes(name)) await part(bench);
}

async function roundTrip(bench) {
  const results = await bench.measure({
    rounds: bench.size(5, 2),
    run: (name) =>
      withServer(name, {}, async (server) => {
        // Peers need 40 ms for each.
        const count = name === 'nbserver' ? bench.size(1000, 200) : bench.size(100, 50);
        const { through, direct } = await roundTrips(server, count);
        return {
          'p50, ms': at(through, 0.5),
          'p99, ms': at(through, 0.99),
          'direct p50': at(direct, 0.5),
          'direct p99': at(direct, 0.99),
          'over p50': at(through, 0.5) - at(direct, 0.5),
          'over p99': at(through, 0.99) - at(direct, 0.99),
        };
      }),
  });
  bench.table(results, 2);
  const over = (share) => bench.of(results, 'nbserver', `over ${share}`);
  bench.target('execute round trip over direct, p50', over('p50'), { atMost: 0.3, unit: 'ms' });
  bench.target('execute round trip over direct, p99', over('p99'), { atMost: 3, unit: 'ms' });
}

async function small(bench) {
  const direct = await directRate(
    bench,
    (count) => ({ burst: count, size: 20 }),
    bench.size(100_000, 20_000),
  );
  for (const framing of ['legacy', 'v1']) {
    const results = await bench.measure({
      of: serversOf(framing),
      rounds: bench.size(3, 1),
      run: async (name) => {
        const count = name === 'nbserver' ? bench.size(100_000, 20_000) : bench.size(10_000, 3_000);
        const { seconds, cpu } = await flood(name, framing, [{ burst: count, size: 20 }], count);
        return { 'messages/s': count / seconds, 'CPU s per 100,000': (cpu * 100_000) / count };
      },
    });
    bench.table(results);
    const ours = (figure) => bench.of(results, 'nbserver', figure);
    const rate = ours('messages/s');
    bench.target(`${framing}: CPU of 100,000 small messages`, ours('CPU s per 100,000'), {
      atMost: framing === 'v1' ? 2.5 : 3,
      unit: 's',
    });
    bench.ratio(
      `${framing}: rate ÷ jupyter-server`,
      rate,
      bench.of(results, 'jupyter-server', 'messages/s'),
      {
        atLeast: framing === 'v1' ? 8 : 12,
      },
    );
    bench.ratio(`${framing}: rate ÷ direct (where the kernel is the limit)`, rate, direct, { atLeast: 0.7 });
  }
}

async function text(bench) {
  const count = bench.size(2000, 300);
  const direct = await directRate(bench, () => ({ burst: count, size: 100_000 }), count);
  for (const framing of ['legacy', 'v1']) {
    const results = await bench.measure({
      of: serversOf(framing),
      rounds: bench.size(3, 1),
      run: async (name) => {
        const { seconds, cpu } = await flood(name, framing, [{ burst: count, size: 100_000 }], count);
        return { 'MB/s': count / 10 / seconds, 'CPU s per 200 MB': (cpu * 2000) / count };
      },
    });
    bench.table(results, 2);
    compare(bench, `${framing}: 100 kB texts`, results, 'MB/s', 'CPU s per 200 MB', { rate: 3, cpu: 0.45 });
    bench.ratio(`${framing}: rate ÷ direct`, bench.of(results, 'nbserver', 'MB/s'), direct / 10, {
      atLeast: 0.7,
    });
  }
}

async function buffers(bench) {
  const count = bench.size(50, 15);
  for (const framing of ['legacy', 'v1']) {
    const results = await bench.measure({
      of: serversOf(framing),
      rounds: bench.size(3, 1),
      run: async (name) => {
        const { seconds, cpu, peak } = await flood(name, framing, [{ blobs: count, size: 10 * MB }], count);
        return {
          'MB/s': (count * 10) / seconds,
          'CPU s per 500 MB': (cpu * 50) / count,
          'peak RSS, MB': peak,
        };
      },
    });
    bench.table(results, 2);
    compare(bench, `${framing}: 10 MB buffers`, results, 'MB/s', 'CPU s per 500 MB', { rate: 1.5 });
    bench.ratio(
      `${framing}: 10 MB buffers, peak RSS ÷ better peer`,
      bench.of(results, 'nbserver', 'peak RSS, MB'),
      bench.better(results, 'peak RSS, MB'),
      { atMost: 0.6 },
    );
  }
}

/** What arrives from a kernel that drops what it cannot send, as nearly all do. */
async function highWater(bench) {
  const count = bench.size(50_000, 10_000);
  const shares = [];
  for (let round = 0; round < bench.size(5, 2); round++) {
    const kernel = await startKernel(fakeKernel('hwm'));
    let got = 0;
    kernel.onMessage = (content) => (got += content.includes('"text"') ? 1 : 0);
    await kernel.execute(JSON.stringify([{ burst: count, size: 20 }, { sleep: 1500 }]));
    await kernel.stop();
    shares.push(got / count);
  }
  const results = await bench.measure({
    rounds: bench.size(5, 2),
    run: (name) =>
      withServer(name, { prepare: addSpec('hwm', 'hwm') }, async (server) => {
        const framing = name === 'jupyter-notebook' ? 'legacy' : 'v1';
        const kernelId = await start(server, 'hwm');
        const channels = await ready(server, kernelId, framing);
        let got = 0;
        await execute(
          channels,
          [{ burst: count, size: 20 }, { sleep: 1500 }],
          (head) => (got += numberIn(head) >= 0 ? 1 : 0),
        );
        channels.close();
        return { 'arrived, %': (100 * got) / count };
      }),
  });
  results['direct'] = { 'arrived, %': shares.map((share) => 100 * share) };
  bench.table(results);
  bench.ratio(
    'arrived from a kernel that drops ÷ direct',
    bench.of(results, 'nbserver', 'arrived, %'),
    bench.of(results, 'direct', 'arrived, %'),
    { atLeast: 0.9 },
  );
}

async function fanOut(bench) {
  const count = bench.size(20_000, 5_000);
  const sockets = 20;
  const floor = [];
  for (let round = 0; round < bench.size(3, 1); round++) floor.push(await floorFanOut(count, sockets));
  for (const framing of ['legacy', 'v1']) {
    const results = await bench.measure({
      of: serversOf(framing),
      rounds: bench.size(3, 1),
      run: async (name) => {
        const few = name === 'nbserver' ? count : bench.size(2_000, 500);
        const one = await flood(name, framing, [{ burst: few, size: 20 }], few);
        const many = await flood(name, framing, [{ burst: few, size: 20 }], few, sockets);
        const deliveries = few * sockets;
        return {
          'deliveries/s': deliveries / many.seconds,
          'CPU s per 100,000': (many.cpu * 100_000) / deliveries,
          'CPU ÷ one websocket': many.cpu / one.cpu,
        };
      },
    });
    results['bare floor'] = { 'deliveries/s': floor };
    bench.table(results, 2);
    const rate = bench.of(results, 'nbserver', 'deliveries/s');
    if (framing === 'v1')
      bench.ratio('v1: 20 websockets ÷ bare floor', rate, at(floor, 0.5), { atLeast: 0.5 });
    else
      bench.ratio(
        'legacy: 20 websockets ÷ better peer',
        rate,
        bench.better(results, 'deliveries/s', { most: true }),
        { atLeast: 30 },
      );
    bench.target(
      `${framing}: CPU of 20 websockets ÷ one`,
      bench.of(results, 'nbserver', 'CPU ÷ one websocket'),
      {
        atMost: 2,
        unit: '×',
      },
    );
  }
}

/** A client that reads 1 MB/s beside one that reads all, while a kernel sends far more. */
async function slow(bench) {
  const count = bench.size(1500, 400);
  const results = await bench.measure({
    rounds: bench.size(3, 1),
    run: (name) =>
      withServer(name, { prepare: addSpec('fake') }, async (server) => {
        const framing = name === 'jupyter-notebook' ? 'legacy' : 'v1';
        const kernelId = await start(server, 'fake');
        const fast = await ready(server, kernelId, framing);
        const laggard = await openChannels(server, kernelId, { framing });
        const throttle = setInterval(() => {
          laggard.socket.resume();
          if (laggard.bytes > allowed) laggard.socket.pause();
          allowed += MB / 10;
        }, 100);
        let allowed = 0;
        laggard.onMessage = () => laggard.bytes > allowed && laggard.socket.pause();
        const before = residentMb(server.pid);
        let top = before;
        const watch = setInterval(() => (top = Math.max(top, residentMb(server.pid))), 50);
        const status = await watchStatus(server);
        let longest = 0;
        let got = 0;
        const flooded = execute(
          fast,
          [{ burst: count, size: 200_000 }],
          (head) => (got += numberIn(head) >= 0 ? 1 : 0),
        );
        await flooded.finally(async () => {
          longest = await status.stop();
          clearInterval(watch);
          clearInterval(throttle);
          fast.close();
          laggard.close();
        });
        return {
          'RSS grew, MB': top - before,
          'fast got, %': (100 * got) / count,
          'longest api/status, ms': longest,
        };
      }),
  });
  bench.table(results);
  const ours = (figure) => bench.of(results, 'nbserver', figure);
  bench.target('slow client: RSS grows', ours('RSS grew, MB'), { atMost: 64, unit: 'MB' });
  bench.target('slow client: the fast one gets', ours('fast got, %'), { atLeast: 100, unit: '%' });
  bench.target('slow client: longest api/status', ours('longest api/status, ms'), { atMost: 50, unit: 'ms' });
}

async function starts(bench) {
  const python = ['/usr/bin/python3', '-m', 'ipykernel_launcher', '-f', '{connection_file}'];
  const direct = [];
  for (let round = 0; round < bench.size(7, 3); round++) {
    const kernel = await startKernel(python);
    direct.push(kernel.startMs);
    await kernel.stop();
  }
  const results = await bench.measure({
    rounds: bench.size(5, 3),
    run: (name) =>
      withServer(name, {}, async (server) => {
        const framing = name === 'jupyter-notebook' ? 'legacy' : 'v1';
        await wait(500);
        const since = performance.now();
        const kernelId = await start(server, 'python3');
        const channels = await openChannels(server, kernelId, { framing });
        // The same question as the direct client's.
        await answer(channels, 'kernel_info_reply', () =>
          channels.request('shell', 'kernel_info_request', {}),
        );
        const startMs = performance.now() - since;
        await wait(500);
        const one = residentMb(server.pid);
        const more = await Promise.all(
          Array.from({ length: 19 }, () => openChannels(server, kernelId, { framing })),
        );
        for (const each of more) each.execute('1');
        await wait(1000);
        const twenty = residentMb(server.pid);
        for (const each of [channels, ...more]) each.close();
        return { 'start to idle, ms': startMs, 'RSS, one kernel': one, 'RSS, 20 websockets': twenty };
      }),
  });
  results['direct'] = { 'start to idle, ms': direct };
  bench.table(results);
  const ours = (figure) => bench.of(results, 'nbserver', figure);
  const over = ours('start to idle, ms') - at(direct, 0.5);
  bench.target('kernel start to idle, over direct', over, { atMost: 60, unit: 'ms' });
  const jupyter = (figure) => bench.of(results, 'jupyter-server', figure);
  bench.ratio('RSS with one kernel ÷ jupyter-server', ours('RSS, one kernel'), jupyter('RSS, one kernel'), {
    atMost: 0.85,
  });
  bench.ratio(
    'RSS with 20 websockets ÷ jupyter-server',
    ours('RSS, 20 websockets'),
    jupyter('RSS, 20 websockets'),
    {
      atMost: 0.8,
    },
  );
}

/** The classic notebook server speaks the legacy framing alone. */
function serversOf(framing) {
  return ['nbserver', 'jupyter-server', ...(framing === 'legacy' ? ['jupyter-notebook'] : [])].filter(
    installed,
  );
}

function compare(bench, label, results, rate, cpu, { rate: atLeast, cpu: atMost }) {
  const ours = (figure) => bench.of(results, 'nbserver', figure);
  bench.ratio(`${label}, rate ÷ better peer`, ours(rate), bench.better(results, rate, { most: true }), {
    atLeast,
  });
  if (atMost !== undefined)
    bench.ratio(`${label}, CPU ÷ better peer`, ours(cpu), bench.better(results, cpu), { atMost });
}

/** Puts the fake kernel where every server looks for kernels. */
function addSpec(name, ...mode) {
  return (_folder, home) => {
    const folder = join(home, 'data', 'kernels', name);
    mkdirSync(folder, { recursive: true });
    const spec = { argv: fakeKernel(...mode), display_name: name, language: 'fake' };
    writeFileSync(join(folder, 'kernel.json'), JSON.stringify(spec));
  };
}

/** With a session, as notebooks and JupyterLab do it. */
async function start(server, name) {
  const body = JSON.stringify({ path: `${name}.ipynb`, type: 'notebook', kernel: { name } });
  const answer = await server.request('api/sessions', { method: 'POST', body });
  if (answer.status !== 201) throw new Error(`the kernel ${name} did not start (${answer.status})`);
  return (await answer.json()).kernel.id;
}

/** Opens a websocket and runs an empty cell, so that everything is connected and warm. */
async function ready(server, kernelId, framing) {
  const channels = await openChannels(server, kernelId, { framing });
  await execute(channels, []);
  return channels;
}

/** Runs steps of the fake kernel; resolves when reply and idle came, rejects when that takes too long. */
function execute(channels, steps, onMessage = () => {}) {
  return answer(channels, 'execute_reply', () => channels.execute(JSON.stringify(steps)), onMessage);
}

/** Sends a request; resolves when its reply and idle came, rejects when that takes too long. */
function answer(channels, replyType, send, onMessage = () => {}) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`cut off after ${patience / 1000} s`)), patience);
    channels.socket.once('close', () => reject(new Error('the websocket was closed')));
    let [reply, idle] = [false, false];
    channels.onMessage = (head, length) => {
      onMessage(head, length);
      if (length > 3000 || !head.includes(id)) return;
      if (head.includes(replyType)) reply = true;
      if (/"execution_state": ?"idle"/.test(head.toString('latin1'))) idle = true;
      if (!reply || !idle) return;
      clearTimeout(timer);
      resolve();
    };
    const id = send();
  });
}

/**
 * Starts a server and lets its kernel send `count` messages to so many websockets.
 *
 * @throws when one of them does not get every message in order: a rate that is bought with loss does not count
 */
function flood(name, framing, steps, count, sockets = 1) {
  return withServer(name, { prepare: addSpec('fake') }, async (server) => {
    const kernelId = await start(server, 'fake');
    const channels = await ready(server, kernelId, framing);
    const counters = [counter(count)];
    const others = [];
    for (let i = 1; i < sockets; i++) {
      const counted = counter(count);
      counters.push(counted);
      others.push(await openChannels(server, kernelId, { framing, onMessage: counted.take }));
    }
    await wait(300);
    const cpu = cpuSeconds(server.pid);
    await execute(channels, steps, counters[0].take);
    await Promise.race([
      Promise.all(counters.map(({ all }) => all)),
      wait(patience).then(() => Promise.reject(new Error('not every message came'))),
    ]);
    const used = cpuSeconds(server.pid) - cpu;
    const peak = peakMb(server.pid);
    for (const each of [channels, ...others]) each.close();
    if (counters.some(({ inOrder }) => !inOrder())) throw new Error('messages came out of order');
    const first = Math.min(...counters.map(({ first }) => first()));
    const last = Math.max(...counters.map(({ last }) => last()));
    return { seconds: (last - first) / 1000, cpu: used, peak };
  });
}

/** Counts numbered streams, or messages too long to be anything else. */
function counter(count) {
  let [next, ordered, first, last] = [0, true, 0, 0];
  let done;
  const all = new Promise((resolve) => (done = resolve));
  return {
    take(head, length) {
      const number = length > MB ? next : numberIn(head);
      if (number < 0) return;
      if (next === 0) first = performance.now();
      if (number !== next) ordered = false;
      next += 1;
      if (next < count) return;
      last = performance.now();
      done();
    },
    all,
    inOrder: () => ordered,
    first: () => first,
    last: () => last,
  };
}

/** Messages a second that the kernel sends when nothing is in between. */
async function directRate(bench, step, count) {
  const rates = [];
  for (let round = 0; round < bench.size(3, 1); round++) {
    const kernel = await startKernel(fakeKernel());
    const counted = counter(count);
    kernel.onMessage = (content) => content.includes('"text"') && counted.take(content, 0);
    await kernel.execute(JSON.stringify([step(count)]));
    await counted.all;
    await kernel.stop();
    rates.push(count / ((counted.last() - counted.first()) / 1000));
  }
  const rate = at(rates, 0.5);
  console.log(`direct: ${Math.round(rate)} messages/s`);
  return rate;
}

async function floorFanOut(count, sockets) {
  const kernel = await startKernel(fakeKernel());
  const port = await freePort();
  const child = spawn(process.execPath, [script('bare-bridge.mjs'), String(port), kernel.file], {
    stdio: 'inherit',
  });
  try {
    while (!(await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined))) await wait(20);
    await wait(500); // its subscription comes into force
    const counters = Array.from({ length: sockets }, () => counter(count));
    const open = ({ take }) => openChannels({ port }, 'any', { framing: 'v1', onMessage: take });
    const channels = await Promise.all(counters.map(open));
    void kernel.execute(JSON.stringify([{ burst: count, size: 20 }]));
    await Promise.all(counters.map(({ all }) => all));
    for (const each of channels) each.close();
    const first = Math.min(...counters.map(({ first }) => first()));
    const last = Math.max(...counters.map(({ last }) => last()));
    return (count * sockets) / ((last - first) / 1000);
  } finally {
    child.kill();
    await kernel.stop();
  }
}
