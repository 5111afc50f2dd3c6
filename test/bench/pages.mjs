// Dashboard and editor in Chromium: how soon the dashboard shows its list, with 6 entries and with 10,000, and how soon the
// editor shows a file of 5 MB. Each visit has a fresh profile; the server has been
// asked before in all visits but the first. Beside it the classic notebook.
//
// For pieces of it: NBSERVER_BENCH_PARTS=dashboard,long-dashboard,editor, and NBSERVER_BENCH_SERVERS and _ROUNDS as in browser.mjs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { chosen, withBrowser, withPage } from './chromium.mjs';
import { startServer } from './servers.mjs';

/** Where the two pages keep what is measured. */
const PAGES = {
  nbserver: { row: '.file-list [data-index] a', line: '.cm-line' },
  'jupyter-notebook': {
    row: '#notebook_list .list_item .item_name',
    line: '.CodeMirror-line',
  },
};
const SERVERS = chosen('NBSERVER_BENCH_SERVERS') ?? Object.keys(PAGES);

/** Visits an address and waits until `selector` has text, which is the figure `named`. */
function visit(browser, server, address, selector, named) {
  return withPage(browser, server, async (page) => {
    await page.addInitScript(seen, selector);
    await page.goto(server.url + address, { waitUntil: 'commit', timeout: 60_000 });
    const first = await page.evaluate('figures.seen');
    await wait(1_500); // what goes on in the background has come by then
    const { longest, arrived } = await page.evaluate(
      '({ longest: figures.longest, arrived: performance.getEntriesByType("navigation")[0].responseEnd })',
    );
    return { 'page arrived, ms': arrived, [named]: first, 'longest task, ms': longest };
  });
}

/** Measures the visits of both servers, which are there for all rounds. */
async function visits(bench, browser, prepare, address, named, selectorOf) {
  const servers = {};
  try {
    return await bench.measure({
      of: SERVERS,
      rounds: Number(process.env.NBSERVER_BENCH_ROUNDS ?? bench.size(3, 1)),
      async run(name) {
        const server = (servers[name] ??= await startServer(name, { prepare }));
        return await visit(browser, server, address, selectorOf(PAGES[name]), named);
      },
    });
  } finally {
    for (const server of Object.values(servers)) await server.stop();
  }
}

/* global document, figures -- seen() runs in the page */

/** Runs in the page before its own scripts. */
function seen(selector) {
  figures.seen = figures.when(() =>
    [...document.querySelectorAll(selector)].some((each) => each.textContent.trim() !== ''),
  );
}

async function dashboard(bench, browser, entries, aims) {
  const prepare = (folder) => {
    for (let i = 0; i < entries; i++) {
      const name = join(folder, `${['notes', 'data', 'run'][i % 3]}-${String(i).padStart(5, '0')}`);
      if (i % 50 === 5) mkdirSync(name);
      else writeFileSync(`${name}.${['csv', 'txt', 'py'][i % 3]}`, 'x'.repeat(i % 997));
    }
  };
  const results = await visits(bench, browser, prepare, 'tree', 'list visible, ms', ({ row }) => row);
  console.log(`\nDashboard, ${entries.toLocaleString('en')} entries`);
  bench.table(results);
  for (const [figure, atMost] of Object.entries(aims))
    bench.target(`dashboard, ${entries} entries: ${figure}`, bench.of(results, 'nbserver', figure), {
      atMost,
      unit: 'ms',
    });
}

async function editor(bench, browser) {
  const prepare = (folder) =>
    writeFileSync(
      join(folder, 'large.py'),
      Array.from({ length: 90_000 }, (_, i) => `value_${i} = compute(${i}, "name ${i}")  # ${i % 7}\n`).join(
        '',
      ),
    );
  const results = await visits(
    bench,
    browser,
    prepare,
    'edit/large.py',
    'text visible, ms',
    ({ line }) => line,
  );
  console.log('\nEditor, a file of 5 MB');
  bench.table(results);
  bench.target('editor, 5 MB: text visible', bench.of(results, 'nbserver', 'text visible, ms'), {
    atMost: 500,
    unit: 'ms',
  });
}

const PARTS = {
  dashboard: (bench, browser) => dashboard(bench, browser, 6, { 'list visible, ms': 200 }),
  'long-dashboard': (bench, browser) =>
    dashboard(bench, browser, 10_000, { 'list visible, ms': 400, 'longest task, ms': 50 }),
  editor,
};

export default async function pagesBench(bench) {
  const parts = chosen('NBSERVER_BENCH_PARTS') ?? Object.keys(PARTS);
  await withBrowser(async (browser) => {
    for (const part of parts) await PARTS[part](bench, browser);
  });
}
