/** A real Chromium for browser tests: pages that collect their own errors, and axe. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { PATIENCE } from '../patience.js';

/** Debian's Chromium, without a word to the outside. As root it wants no sandbox. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--headless',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Nothing outside is reached, and no request has to pass through the test for that.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE [::1]',
    ],
  });
}

export interface WatchedPage {
  page: Page;
  /** what went wrong in the page: exceptions, refused scripts and styles, logged errors. Failed requests do not count. */
  problems: string[];
  /** addresses outside of the server that the page asked for */
  outside: string[];
  close(): Promise<void>;
}

/** @param origin  the server's own; anything else is written down */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const problems: string[] = [];
  const outside: string[] = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && !['data:', 'blob:', 'about:'].includes(url.protocol)) outside.push(url.href);
  });
  const watch = (page: Page) => {
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        problems.push(message.text());
      }
    });
  };
  context.on('page', watch);
  const page = await context.newPage();
  return { page, problems, outside, close: () => context.close() };
}

/** Closes a page, and then its server. The page must have had no problem, and asked nobody outside. */
export async function endVisit(watched: WatchedPage, server: { close(): Promise<void> }): Promise<void> {
  const { problems, outside } = watched;
  await watched.close();
  await server.close();
  expect({ problems, outside }).toEqual({ problems: [], outside: [] });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What WCAG 2.0–2.2 A and AA (as far as axe sees it) finds wrong, one line each; empty is the bar. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  if (await page.evaluate('globalThis.axe === undefined')) await page.evaluate(axe);
  return page.evaluate<string[]>(`
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.html)))
  `);
}
