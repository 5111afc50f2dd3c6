// Notebooks over the contents API: opening and saving one of 1 MB and one of 50 MB, memory, and whether others have to wait.
import { writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { median, randomNumbers } from './harness.mjs';
import { peakMb } from './processes.mjs';
import { HEADERS, withServer } from './servers.mjs';

/** Plots as base64 with line breaks, printed lines, tables in HTML, text between: what large notebooks are made of. */
function notebook(bytes) {
  const cells = [];
  let size = 0;
  // the same notebook for everybody, and no run of one byte that a parser could like
  const random = randomNumbers(1);
  for (let i = 1; size < bytes; i++) {
    const pixels = Buffer.alloc(45_000);
    for (let at = 0; at < pixels.length; at += 4) pixels.writeUInt32LE(random(2 ** 32), at);
    const lines = Array.from(
      { length: 200 },
      (_, j) => `epoch ${i} step ${j}: loss=${random(2 ** 31) / 2 ** 31}\n`,
    );
    const rows = lines.map((line) => `<tr><td>"${line.trim()}"</td></tr>\n`);
    const cell = {
      cell_type: 'code',
      execution_count: i,
      id: `code-${i}`,
      metadata: {},
      outputs: [
        { name: 'stdout', output_type: 'stream', text: lines },
        {
          data: {
            'image/png': `${pixels.toString('base64').replace(/.{76}/g, '$&\n')}\n`,
            'text/plain': ['<Figure size 640x480 with 1 Axes>'],
          },
          metadata: {},
          output_type: 'display_data',
        },
        {
          data: { 'text/html': rows, 'text/plain': lines },
          execution_count: i,
          metadata: {},
          output_type: 'execute_result',
        },
      ],
      source: [`# cell ${i}\n`, 'import numpy as np\n', 'plt.plot(np.arange(10))'],
    };
    const text = {
      cell_type: 'markdown',
      id: `text-${i}`,
      metadata: {},
      source: [`## Section ${i}\n`, 'Some text.'],
    };
    cells.push(cell, text);
    size += JSON.stringify(cell).length;
  }
  const metadata = { kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' } };
  return `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
}

/** One request, its answer read and thrown away: the client must not be what is measured. @returns milliseconds */
function timed(server, path, { method = 'GET', body } = {}) {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const req = httpRequest(server.url + path, { method, headers: HEADERS }, (res) => {
      res.resume();
      res.on('end', () => {
        if (res.statusCode >= 300) reject(new Error(`${method} ${path}: ${res.statusCode}`));
        else resolve(performance.now() - started);
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}

const many = async (count, work) => {
  const times = [];
  for (let i = 0; i < count; i++) times.push(await work());
  return times;
};

/** What a client sends that has opened the notebook, changed one cell, and saves. */
async function saved(server, path) {
  const { content } = await (await server.request(`api/contents/${path}`)).json();
  content.cells[0].source += '\n# changed';
  return JSON.stringify({ type: 'notebook', format: 'json', content });
}

export default async function notebooks(bench) {
  const small = notebook(1_000_000);
  const large = notebook(bench.size(50_000_000, 50_000_000));
  const prepare = (folder) => {
    writeFileSync(join(folder, 'small.ipynb'), small);
    writeFileSync(join(folder, 'large.ipynb'), large);
  };
  const opened = await bench.measure({
    rounds: bench.size(5, 2),
    run: (name) =>
      withServer(name, { prepare }, async (server) => {
        const get = () => timed(server, 'api/contents/small.ipynb');
        await many(20, get);
        const times = await many(bench.size(200, 60), get);
        const figures = { 'GET 1 MB, requests/s': 1000 / median(times) };
        const whole = await many(3, () => timed(server, 'api/contents/large.ipynb'));
        return { ...figures, 'GET 50 MB, ms': median(whole), 'peak RSS, MB': peakMb(server.pid) };
      }),
  });
  bench.table(opened);
  const open = (figure) => bench.of(opened, 'nbserver', figure);
  const rate = 'GET 1 MB, requests/s';
  bench.ratio(rate, open(rate), bench.better(opened, rate, { most: true }), { atLeast: 3 });
  bench.ratio('GET 50 MB, time', open('GET 50 MB, ms'), bench.better(opened, 'GET 50 MB, ms'), {
    atMost: 0.6,
  });
  bench.ratio('GET 50 MB, peak RSS', open('peak RSS, MB'), bench.better(opened, 'peak RSS, MB'), {
    atMost: 1,
  });

  const kept = await bench.measure({
    rounds: bench.size(5, 2),
    run: (name) =>
      withServer(name, { prepare }, async (server) => {
        const smallBody = await saved(server, 'small.ipynb');
        const largeBody = Buffer.from(await saved(server, 'large.ipynb'));
        const put = (path, body) => timed(server, `api/contents/${path}`, { method: 'PUT', body });
        await many(5, () => put('small.ipynb', smallBody));
        const times = await many(bench.size(40, 15), () => put('small.ipynb', smallBody));
        let isSaving = true;
        const waits = [];
        const asking = (async () => {
          while (isSaving) {
            waits.push(await timed(server, 'api/status'));
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        })();
        const whole = await many(3, () => put('large.ipynb', largeBody));
        isSaving = false;
        await asking;
        return {
          'PUT 1 MB, ms': median(times),
          'PUT 50 MB, ms': median(whole),
          'status meanwhile, at most ms': Math.max(...waits),
          'peak RSS, MB': peakMb(server.pid),
        };
      }),
  });
  bench.table(kept);
  const keep = (figure) => bench.of(kept, 'nbserver', figure);
  bench.ratio('PUT 1 MB, time', keep('PUT 1 MB, ms'), bench.better(kept, 'PUT 1 MB, ms'), { atMost: 0.5 });
  bench.ratio('PUT 50 MB, time', keep('PUT 50 MB, ms'), bench.better(kept, 'PUT 50 MB, ms'), { atMost: 0.6 });
  bench.target('api/status while 50 MB are saved', keep('status meanwhile, at most ms'), {
    atMost: 100,
    unit: 'ms',
  });
  bench.ratio('PUT 50 MB, peak RSS', keep('peak RSS, MB'), bench.better(kept, 'peak RSS, MB'), { atMost: 1 });
}
