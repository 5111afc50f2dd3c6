// The Chromium of the benches: how it is started, how it logs in, and what watches a page from its first moment on.
import { setTimeout as wait } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { HEADERS } from './servers.mjs';

/* global requestAnimationFrame, PerformanceObserver, MessageChannel -- watch() runs in the page */

const TOKEN = HEADERS.Authorization.replace('token ', '');

/** Starts Chromium, hands it to `work`, and ends it whatever happens. */
export async function withBrowser(work) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-background-networking',
      '--no-first-run',
    ],
  });
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

/** A visit with a fresh profile: hands `work` a page that is logged in, watched, and has nothing in its cache. */
export async function withPage(browser, server, work) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    ignoreHTTPSErrors: server.url.startsWith('https:'),
  });
  try {
    const login = await context.request.get(`${server.url}?token=${TOKEN}`);
    if (!login.ok()) throw new Error(`the login answered ${login.status()}`);
    await context.addInitScript(watch);
    return await work(await context.newPage(), context);
  } finally {
    await context.close();
  }
}

/** Runs in the page before its own scripts: `figures` is what is measured, `when` and `painted` are times to wait for. */
function watch() {
  const figures = (globalThis.figures = { longest: 0 });
  /** when the frame is on the screen that shows what there is now */
  const painted = () =>
    new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve(performance.now());
      requestAnimationFrame(() => channel.port2.postMessage(null));
    });
  figures.painted = painted;
  /** when that is painted which `holds` looks for in each frame */
  figures.when = (holds) =>
    new Promise((resolve) => {
      const look = () => (holds() ? resolve(painted()) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) figures.longest = Math.max(figures.longest, duration);
  }).observe({ type: 'longtask', buffered: true });
}

/** Waits until an expression is true in the page. (Playwright's own waits use eval, which our pages forbid.) */
export async function until(page, expression, timeout = 60_000) {
  const end = performance.now() + timeout;
  while (!(await page.evaluate(expression))) {
    if (performance.now() > end) throw new Error(`not within ${timeout / 1000} s: ${expression}`);
    await wait(20);
  }
}

/** What is chosen of a bench by a variable: `NAME=a, b`. */
export const chosen = (name) => process.env[name]?.split(',').map((each) => each.trim());
