// `npm run pictures -- [light | dark] [PAGE …] [FOLDER/]`: photographs the pages around the notebook as they look today, in both themes and on a phone,
// with work that looks like somebody's. Into docs/images go the wide ones; FOLDER gets all of them, to be looked at.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { WebSocket } from 'ws';
import { root } from './setup.mjs';

/* global document -- part of it runs in the page */

const PASSWORD = 'pictures of pages';
const images = join(root, 'docs', 'images');
const words = process.argv.slice(2);
const themes = ['light', 'dark'].filter(
  (theme) => !['light', 'dark'].some((each) => words.includes(each)) || words.includes(theme),
);
const folder = words.find((word) => word.includes('/'));
const all = folder === undefined ? undefined : resolve(folder);

const home = mkdtempSync(join(tmpdir(), 'nbserver-pictures-'));
const work = join(home, 'work');
const env = {
  PATH: process.env.PATH,
  LANG: process.env.LANG,
  HOME: home,
  SHELL: '/bin/bash',
  JUPYTER_CONFIG_DIR: join(home, 'config'),
  JUPYTER_DATA_DIR: join(home, 'data'),
  JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
};
const nbserver = join(root, 'bin', 'nbserver');

/** Somebody's folder. */
function fillFolder() {
  for (const name of ['data', 'figures', 'old drafts']) mkdirSync(join(work, name), { recursive: true });
  const code = (source) => ({
    cell_type: 'code',
    id: `c${(count += 1)}`,
    metadata: {},
    outputs: [],
    execution_count: null,
    source,
  });
  let count = 0;
  const notebook = (cells) =>
    JSON.stringify({
      cells,
      metadata: { kernelspec: { name: 'javascript', display_name: 'JavaScript', language: 'javascript' } },
      nbformat: 4,
      nbformat_minor: 5,
    });
  const steps = Array.from({ length: 40 }, (_, i) => code(i === 13 ? 'await new Promise(() => {})' : `${i}`));
  writeFileSync(join(work, 'Climate model.ipynb'), notebook(steps));
  writeFileSync(join(work, 'Prices 2026.ipynb'), notebook([code('1 + 1')]));
  writeFileSync(join(work, 'Welcome.ipynb'), notebook([code('1 + 1')]));
  writeFileSync(join(work, 'measurements.csv'), 'time,value\n'.repeat(31_000));
  writeFileSync(join(work, 'notes.txt'), 'Ask for the new sensor.\n');
  writeFileSync(join(work, 'poster.pdf'), Buffer.alloc(1_840_000));
  writeFileSync(
    join(work, 'README.md'),
    '# Sensors on the roof\n\nOne reading a minute since **March 2024**. Start with *Climate model*; what is wrong with a day stands in `notes.txt`.\n',
  );
  writeFileSync(
    join(work, 'fit.py'),
    `"""Fits a line through the readings of one day."""
from dataclasses import dataclass

import numpy as np


@dataclass
class Line:
    slope: float
    start: float

    def at(self, time):
        return self.start + self.slope * time


def fit(times, values, *, robust=True):
    # One bad reading must not turn the whole day.
    weights = np.ones_like(values)
    for _ in range(8 if robust else 1):
        slope, start = np.polyfit(times, values, 1, w=weights)
        rest = np.abs(values - slope * times - start)
        weights = 1 / np.maximum(rest, 1e-6)
    return Line(slope, start)


if __name__ == "__main__":
    day = np.loadtxt("data/2026-11-25.csv", delimiter=",", skiprows=1)
    line = fit(day[:, 0], day[:, 1])
    print(f"{line.slope:+.3f} degrees an hour, {line.at(24):.1f} at midnight")
`,
  );
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

function run(args, input = '') {
  const child = spawn(nbserver, args, { env, cwd: home, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.end(input);
  let text = '';
  child.stdout.on('data', (data) => (text += data));
  return new Promise((done) => child.once('close', () => done(text.trim())));
}

/** The selector tells when a page shows all that it is photographed for; `height` leaves out what is empty below. */
const shots = {
  login: { path: 'login', ready: '#password_input', out: true, height: 400 },
  error: { path: 'notebooks/Climate%20modle.ipynb', ready: '.error-status', height: 300 },
  dashboard: { path: 'tree', ready: '.folder-text h1' },
  running: { path: 'tree#running', ready: '.kernel-use', height: 340 },
  server: { path: 'tree#server', ready: '[aria-label="API tokens"]' },
  editor: { path: 'edit/fit.py', ready: '.cm-line' },
  terminal: { path: 'terminals/1', ready: '.xterm-rows' },
  connection: { path: 'connection', ready: 'body[data-test="done"]' },
};

async function photograph(browser, url, { theme, width, height }) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    ignoreHTTPSErrors: true,
  });
  const page = await context.newPage();
  const isPhone = width < 600;
  const shoot = async (name) => {
    const { path, ready, height: used } = shots[name];
    await page.goto('about:blank');
    await page.goto(url + path);
    await page.locator(ready).first().waitFor({ timeout: 120_000 });
    if (name === 'terminal') await page.locator('.xterm-screen').click();
    await wait(1_000);
    // The folder of the pictures is nobody's.
    await page.evaluate(
      ([from, to]) => {
        for (const each of document.querySelectorAll('.server-path'))
          each.textContent = each.textContent.replace(from, to);
      },
      [home, '/home/ada'],
    );
    const picture = await page.screenshot({
      animations: 'disabled',
      caret: 'initial',
      ...(isPhone || !used ? {} : { clip: { x: 0, y: 0, width, height: used } }),
    });
    if (!isPhone) writeFileSync(join(images, `${name}-${theme}.png`), picture);
    if (all) writeFileSync(join(all, `${name}-${isPhone ? 'phone' : 'wide'}-${theme}.png`), picture);
  };
  const wanted = (name) => words.includes(name) || !Object.keys(shots).some((each) => words.includes(each));
  if (wanted('login')) await shoot('login');
  else await page.goto(`${url}login`);
  await page.locator('#password_input').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('.file-list').waitFor();
  for (const name of Object.keys(shots).filter(
    (each) => wanted(each) && !shots[each].out && !(isPhone && each === 'connection'),
  ))
    await shoot(name);
  await context.close();
}

/** Kernels at work, a terminal in use, tokens, and one wrong password. */
async function putToWork(url, token) {
  const headers = { Authorization: `token ${token}` };
  const ask = async (path, method, body) => {
    const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  for (const path of ['Climate model.ipynb', 'Prices 2026.ipynb']) {
    const { id } = await ask('api/documents', 'POST', { path, start_kernel: true });
    await ask(`api/documents/${id}/run`, 'POST', {});
  }
  await ask('api/terminals', 'POST', {});
  const socket = new WebSocket(`${url.replace('http', 'ws')}terminals/websocket/1`, { headers });
  await new Promise((done) => socket.once('open', done));
  socket.send(JSON.stringify(['set_size', 40, 110, 0, 0]));
  await wait(500);
  const type = async (line) => {
    socket.send(JSON.stringify(['stdin', `${line}\r`]));
    await wait(400);
  };
  await type("PS1='\\[\\e[32m\\]ada@roof\\[\\e[0m\\]:\\[\\e[34m\\]\\w\\[\\e[0m\\]$ '; clear");
  await type('ls --color -l');
  await type('head -3 measurements.csv');
  await type('grep --color=always -n robust fit.py');
  socket.close();
  await fetch(`${url}login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'password=letmein',
  });
}

let server;
let browser;
try {
  fillFolder();
  if (all) mkdirSync(all, { recursive: true });
  mkdirSync(images, { recursive: true });
  await run(['passwd', '--write'], `${PASSWORD}\n`);
  const token = await run(['token', 'create', 'nightly run']);
  await run(['token', 'create', 'VS Code on the laptop']);
  const port = await freePort();
  const url = `https://localhost:${port}/`;
  server = spawn(
    nbserver,
    [
      work,
      `--port=${port}`,
      '--certfile=auto',
      '--hostname=roof.example.org',
      '--no-browser',
      '--allow-root',
    ],
    {
      env,
      cwd: home,
    },
  );
  await new Promise((done, fail) => {
    server.stdout.on('data', (data) => /is running/.test(data) && done());
    server.once('exit', () => fail(new Error('The server did not start.')));
  });
  // Its certificate is its own, and this program asks it alone.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  await putToWork(url, token);
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
  for (const theme of themes) {
    await photograph(browser, url, { theme, width: 1140, height: 760 });
    if (all) await photograph(browser, url, { theme, width: 390, height: 844 });
  }
} finally {
  await browser?.close();
  if (server?.exitCode === null) {
    const ended = new Promise((done) => server.once('exit', done));
    server.kill('SIGTERM');
    await ended;
  }
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}
