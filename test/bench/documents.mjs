// Live documents, in this process: operations, snapshots, saves, the recorder, and what an open document takes.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { Contents, FileNotebookManager, MemoryNotebookManager } from '../../src/contents/index.ts';
import { DocumentManager } from '../../src/documents/index.ts';
import { OutputRecorder } from '../../src/documents/output-recorder.ts';
import { silentLog } from '../../src/log.ts';
import { NotebookState } from '../../src/notebook/notebook-state.ts';
import { applyAll } from '../../src/notebook/operations.ts';
import { at, median } from './harness.mjs';

const sessions = {
  get: () => undefined,
  findByPath: () => undefined,
  create: async () => Promise.reject(new Error('no kernels here')),
  rename: () => {},
  onChange: () => ({ close: () => {} }),
};

/** @param {number} outputBytes  of each cell */
function notebookBytes(cellCount, outputBytes) {
  const cells = Array.from({ length: cellCount }, (_, n) => ({
    id: `cell-${n}`,
    cell_type: 'code',
    source: [`x_${n} = ${n}\n`, `print("the value of x_${n} is", x_${n})`],
    metadata: {},
    outputs:
      outputBytes === 0
        ? []
        : [
            {
              output_type: 'stream',
              name: 'stdout',
              text: [`${n} `.repeat(outputBytes / `${n} `.length), '\n'],
            },
          ],
    execution_count: n,
  }));
  return Buffer.from(JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1));
}

async function manager(files, store = new MemoryNotebookManager(), options = {}) {
  for (const [path, bytes] of Object.entries(files)) await store.write(path, bytes);
  const contents = new Contents(store);
  const specs = { get: async () => undefined, defaultName: async () => '' };
  // Saves come when the bench asks for them.
  const saveTimes = { idle: 1e8, longest: 1e8, retry: 1e8 };
  return new DocumentManager({ contents, sessions, specs, log: silentLog, saveTimes, ...options });
}

/** A page that only counts. */
function page() {
  const counted = { bytes: 0, messages: 0, firstAt: undefined };
  return {
    counted,
    send(text) {
      counted.firstAt ??= performance.now();
      counted.messages += 1;
      counted.bytes += Buffer.byteLength(text);
    },
    close() {},
  };
}
function attach(document, client) {
  const one = page();
  document.attach(one);
  document.receive(one, { type: 'resume', client });
  return one;
}

/** Longest time that nothing else could run while `work` was under way, in ms. */
async function longestTask(work) {
  let longest = 0;
  let isDone = false;
  const done = work().finally(() => (isDone = true));
  let last = performance.now();
  while (!isDone) {
    await turn();
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  await done;
  return longest;
}

export default async function documents(bench) {
  await operations(bench);
  await snapshots(bench);
  await saves(bench);
  await recorder(bench);
  await memory(bench);
}

async function operations(bench) {
  const open = await manager({ 'a.ipynb': notebookBytes(3_000, 200) });
  const document = await open.open('a.ipynb');
  const one = attach(document, 'one');
  const other = attach(document, 'other');
  const times = [];
  const before = { ...one.counted, told: other.counted.bytes };
  const count = bench.size(2_000, 300);
  for (let n = 1; n <= count; n += 1) {
    const id = `cell-${(n * 7) % 3_000}`;
    const { length } = document.state.cell(id).text;
    const message = {
      type: 'ops',
      seq: n,
      base: document.revision,
      ops: [{ op: 'edit-source', id, changes: [length, [0, 'x']] }],
    };
    const began = performance.now();
    document.receive(one, message);
    times.push(performance.now() - began);
    if (n % 100 === 0) await turn();
  }
  bench.target('operation applied and broadcast, 3,000 cells, p50', median(times), { atMost: 1, unit: 'ms' });
  console.log(`  p99 ${at(times, 0.99).toFixed(3)} ms`);
  const sent = (one.counted.bytes - before.bytes + other.counted.bytes - before.told) / count;
  bench.target('one-character edit, sent to two pages', sent / 1_000, { atMost: 10, unit: 'kB' });
  await open.close();
}

async function snapshots(bench) {
  const times = [];
  let size = 0;
  for (let round = 0; round < bench.size(7, 3); round += 1) {
    const open = await manager({ 'a.ipynb': notebookBytes(1_000, 14_000) });
    const document = await open.open('a.ipynb');
    const began = performance.now();
    const one = attach(document, 'one');
    times.push(one.counted.firstAt - began);
    size = one.counted.bytes;
    await open.close();
  }
  // What a network adds is not in it.
  bench.target('snapshot of 1,000 cells, 14 MB: handed to the socket', median(times), {
    atMost: 60,
    unit: 'ms',
  });
  bench.target('  on the wire before outputs are asked for', size / 1e6, { atMost: 1.5, unit: 'MB' });
}

/** To a real file, with the history of the notebook. */
async function saves(bench) {
  const folder = await mkdtemp(join(tmpdir(), 'nbserver-bench-'));
  const store = new FileNotebookManager({ notebook_dir: folder });
  const megabytes = bench.size(50, 10);
  const files = { 'a.ipynb': notebookBytes(1_000, megabytes * 1_000) };
  const open = await manager(files, store, { historyDirectory: join(folder, 'history') });
  const document = await open.open('a.ipynb');
  const one = attach(document, 'one');
  const longest = [];
  const first = [];
  for (let n = 1; n <= bench.size(6, 3); n += 1) {
    const { length } = document.state.cell('cell-5').text;
    document.receive(one, {
      type: 'ops',
      seq: n,
      base: document.revision,
      ops: [{ op: 'edit-source', id: 'cell-5', changes: [length, [0, 'x']] }],
    });
    const task = await longestTask(async () => {
      await document.flush();
      await document.history.close();
    });
    (n === 1 ? first : longest).push(task);
  }
  bench.target(`one changed cell of a ${megabytes} MB notebook, saved: longest task`, median(longest), {
    atMost: 50,
    unit: 'ms',
  });
  console.log(`  the first save, after which the history has everything: ${first[0].toFixed(1)} ms`);
  await open.close();
  await store.close();
  await rm(folder, { recursive: true });
}

async function recorder(bench) {
  const cell = { id: 'a', cell_type: 'code', source: '', metadata: {}, outputs: [], execution_count: null };
  const state = NotebookState.fromCells({}, [cell]);
  let ops = 0;
  const one = new OutputRecorder({
    state: () => state,
    emit: (batch) => {
      ops += batch.length;
      applyAll(state, batch);
    },
  });
  one.begin('run', 'a');
  const count = 100_000;
  const content = Buffer.from(JSON.stringify({ name: 'stdout', text: 'a small piece of text\n' }));
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let n = 0; n < count; n += 1) {
    one.message('stream', 'run', content);
    // for some seconds, so that the first and the last operation do not count much
    if (n % 1_000 === 0) await wait(50);
  }
  one.flush();
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  bench.target('100,000 small streams through the recorder, CPU', (user + system) / 1e6, {
    atMost: 4,
    unit: 's',
  });
  bench.target('  operations a second', ops / seconds, { atMost: 20 });
  one.close();
}

async function memory(bench) {
  const count = bench.size(100, 20);
  const bytes = notebookBytes(100, 2_000);
  const files = Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`n${n}.ipynb`, Buffer.from(bytes)]),
  );
  const open = await manager(files);
  const before = await used();
  for (const path of Object.keys(files)) attach(await open.open(path), 'p');
  // The store of this bench holds the bytes of the notebooks already.
  const beyond = ((await used()) - before) / count / 1e6;
  bench.target('an open document beyond the size of its notebook', beyond, { atMost: 3, unit: 'MB' });
  await open.close();
}

/** Bytes in use, without what the benches before have left to be collected. */
async function used() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let n = 0; n < 3; n += 1) {
    await wait(50);
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
