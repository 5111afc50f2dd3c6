// The notebook page in Chromium: how soon a notebook is seen and can be typed in, what typing and scrolling cost, memory and
// requests, at 1 to 5,000 cells, over http and over https with a certificate of its own. Each visit has a fresh profile and a
// fresh server, so a fresh kernel. Beside it the classic notebook, up to the size that it opens in a minute, and the least page
// that shows a text and can be typed in: what the browser itself costs on this machine.
//
// A full run takes many minutes. For pieces of it: NBSERVER_BENCH_CELLS=1,200 and NBSERVER_BENCH_SERVERS=nbserver,jupyter-notebook
// (also: nbserver over https; bare node:http); NBSERVER_BENCH_ROUNDS=2.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { crc32, deflateSync } from 'node:zlib';
import { chosen, withBrowser, withPage } from './chromium.mjs';
import { at, randomNumbers } from './harness.mjs';
import { withServer } from './servers.mjs';

/** cells → what is promised, in the order of FIGURES */
const TARGETS = {
  1: [250, 400, 50, 10, 24, 0],
  200: [300, 450, 60, 14, 24, 0],
  1000: [400, 600, 80, 20, 28, 2],
  3000: [600, 800, 100, 26, 31, 3],
  5000: [900, 1100, 150, 34, 31, 5],
};
const FIGURES = [
  ['first cell text, ms', 'ms'],
  ['ready to type, ms', 'ms'],
  ['longest task, ms', 'ms'],
  ['heap after GC, MB', 'MB'],
  ['typing p95, ms', 'ms'],
  ['scroll: frames over 50 ms in 5 s', ''],
];
const OURS = ['nbserver', 'nbserver over https'];
const FLOOR = 'bare node:http';
/** With more cells, the classic notebook is not ready within a minute. */
const CLASSIC_UP_TO = 200;

/** Where the two pages keep what is measured. */
const OUR_PAGE = {
  text: '[data-cell-id] .source',
  code: '[data-cell-type=code] .source',
  editor: '.cm-focused',
  idle: '[data-kernel-status=idle]',
};
const PAGES = {
  nbserver: OUR_PAGE,
  'nbserver over https': OUR_PAGE,
  'jupyter-notebook': {
    text: '.cell .CodeMirror-line, .cell .rendered_html',
    code: '.code_cell .CodeMirror-lines',
    editor: '.CodeMirror-focused',
    idle: '.kernel_idle_icon',
  },
  [FLOOR]: { text: '.source', code: '.source', editor: '.source:focus', idle: 'body' },
};

/* global document, requestAnimationFrame, addEventListener -- observe() runs in the page */

/** Runs in the page before its own scripts. What it waits for, it looks for in each frame, and times when that is painted. */
function observe({ text, code, editor, idle }) {
  const { figures } = globalThis;
  const { painted, when } = figures;
  Object.assign(figures, { typed: [], frames: [], scrolls: false });
  const textOf = (selector) =>
    (document.querySelector(selector)?.textContent ?? '').replace(/[\s\u200b]/g, '');
  figures.seen = when(() => textOf(text) !== '');
  figures.kernel = when(() => document.querySelector(idle) !== null);
  /** where to click */
  figures.place = () => {
    const { left, top } = document.querySelector(code).getBoundingClientRect();
    return { x: left + 60, y: top + 12 };
  };
  figures.caret = () => when(() => document.querySelector(editor) !== null);
  /** when the editor with the caret has another text than now */
  figures.written = () => {
    const before = textOf(editor);
    figures.ready = when(() => ![before, ''].includes(textOf(editor)));
  };
  // from the key to the frame that shows it
  addEventListener(
    'keydown',
    ({ timeStamp }) => void painted().then((now) => figures.typed.push(now - timeStamp)),
    true,
  );
  let last = 0;
  const frame = (now) => {
    if (last > 0 && figures.scrolls) figures.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

function visit(browser, server, place, cells) {
  return withPage(browser, server, async (page, context) => {
    page.setDefaultTimeout(300_000);
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    let requests = 0;
    let bytes = 0;
    session.on(
      'Network.requestWillBeSent',
      ({ request }) => (requests += request.url.startsWith('http') ? 1 : 0),
    );
    session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.addInitScript(observe, place);
    await page.goto(`${server.url}notebooks/bench.ipynb`, { waitUntil: 'commit', timeout: 300_000 });
    const first = await page.evaluate('figures.seen');
    const { x, y } = await page.evaluate('figures.place()');
    await page.mouse.click(x, y);
    await page.evaluate('figures.caret()');
    await page.evaluate('void figures.written()');
    await page.keyboard.press('q');
    const ready = await page.evaluate('figures.ready');
    const atReady = { requests, kilobytes: bytes / 1000 };
    await page.evaluate('figures.kernel');
    await wait(2_000); // what goes on in the background has come by then
    const longest = await page.evaluate('figures.longest');

    await page.evaluate('void (figures.typed = [])');
    for (let i = 0; i < 60; i++) {
      await page.keyboard.type('abcdefghij'[i % 10]);
      await wait(60);
    }
    const typed = await page.evaluate('figures.typed');

    await page.mouse.move(640, 500);
    await page.evaluate('void (figures.scrolls = true)');
    const end = performance.now() + 5_000;
    while (performance.now() < end) {
      await page.mouse.wheel(0, 300);
      await wait(50);
    }
    const frames = await page.evaluate('figures.frames');
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const nodes = await page.evaluate('document.querySelectorAll("*").length');
    return {
      'first cell text, ms': first,
      'ready to type, ms': ready,
      'longest task, ms': longest,
      'heap after GC, MB': usedSize / 1e6,
      'typing p95, ms': at(typed, 0.95),
      'scroll: frames over 50 ms in 5 s': frames.filter((each) => each > 50).length,
      requests: atReady.requests,
      'over the wire, kB': atReady.kilobytes,
      elements: nodes,
      cells,
    };
  });
}

export default async function browserBench(bench) {
  const sizes =
    chosen('NBSERVER_BENCH_CELLS')?.map(Number) ?? bench.size([1, 200, 1000, 3000, 5000], [1, 1000, 5000]);
  await withBrowser(async (browser) => {
    for (const cells of sizes) {
      const text = notebook(cells);
      const prepare = (folder) => writeFileSync(join(folder, 'bench.ipynb'), text);
      console.log(`\n${cells.toLocaleString('en')} cells, ${(text.length / 1e6).toFixed(1)} MB`);
      const servers = chosen('NBSERVER_BENCH_SERVERS') ?? [
        ...OURS,
        ...(cells === sizes[0] ? [FLOOR] : []),
        ...(cells <= CLASSIC_UP_TO ? ['jupyter-notebook'] : []),
      ];
      const results = await bench.measure({
        of: servers,
        rounds: Number(process.env.NBSERVER_BENCH_ROUNDS ?? bench.size(3, 1)),
        run: (name) => withServer(name, { prepare }, (server) => visit(browser, server, PAGES[name], cells)),
      });
      bench.table(results);
      for (const name of OURS.filter((each) => each in results)) {
        const what = `${name}, ${cells} cells`;
        FIGURES.forEach(([figure, unit], i) => {
          const atMost = TARGETS[cells]?.[i];
          if (atMost === undefined) return;
          bench.target(`${what}, ${figure}`, bench.of(results, name, figure), { atMost, unit });
        });
        bench.target(`${what}, requests`, bench.of(results, name, 'requests'), { atMost: 8 });
      }
    }
  });
}

/** 60 % code that ran, 40 % text, a formula in every third of it, up to 60 pictures of 100 kB; always the same. */
function notebook(count) {
  const random = randomNumbers(7);
  const cells = [];
  for (let i = 0; i < count; i++) {
    if (count > 1 && i % 5 >= 3) {
      const formula = i % 3 === 0 ? `\n\n$$\\sum_{k=0}^{${i}} \\frac{x^k}{k!} \\approx e^x$$` : '';
      const source = `## Section ${i}\n\nText with *emphasis*, \`code\` and a [link](https://example.org/${i}).${formula}`;
      cells.push({ cell_type: 'markdown', id: `text-${i}`, metadata: {}, source });
      continue;
    }
    const lines = Array.from(
      { length: 3 + random(12) },
      (_, j) => `value_${j} = compute(${i}, "name ${j}")  # step ${j}`,
    );
    const outputs =
      i % Math.max(10, Math.ceil(count / 60)) === 0 && count > 1
        ? [
            {
              output_type: 'display_data',
              metadata: {},
              data: { 'image/png': noise(random), 'text/plain': '<Figure>' },
            },
          ]
        : [
            {
              output_type: 'stream',
              name: 'stdout',
              text: `epoch ${i}: loss=${random(1000) / 1000}\n`.repeat(1 + random(8)),
            },
          ];
    const source = ['def compute(a, b):', '    return (a, b)', ...lines].join('\n');
    cells.push({ cell_type: 'code', id: `code-${i}`, metadata: {}, execution_count: i + 1, source, outputs });
  }
  const kernelspec = { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' };
  return JSON.stringify({ cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }, null, 1);
}

/** A PNG of 184 × 184 random pixels: 100 kB that nothing can pack smaller. */
function noise(random) {
  const side = 184;
  const rows = Buffer.alloc(side * (3 * side + 1));
  for (let i = 0; i < rows.length; i++) rows[i] = i % (3 * side + 1) === 0 ? 0 : random(256);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([head, body, sum]);
  };
  const size = Buffer.alloc(13);
  size.writeUInt32BE(side, 0);
  size.writeUInt32BE(side, 4);
  size.set([8, 2, 0, 0, 0], 8);
  const png = [chunk('IHDR', size), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...png]).toString('base64');
}
