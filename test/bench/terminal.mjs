// The terminal in Chromium: what it draws of a `cat` of 20 MB, how soon Ctrl-C ends a flood, and how long the echo of a key
// takes beyond what the shell itself needs. Beside it the classic notebook's terminal, where it runs: Debian's says
// "exports is not defined" instead.
//
// NBSERVER_BENCH_SERVERS and _ROUNDS choose as in browser.mjs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { spawn } from '@lydell/node-pty';
import { chosen, until, withBrowser, withPage } from './chromium.mjs';
import { at } from './harness.mjs';
import { withServer } from './servers.mjs';

const BOTH = ['nbserver', 'jupyter-notebook'];
const SERVERS = chosen('NBSERVER_BENCH_SERVERS') ?? BOTH;
const patience = { timeout: 60_000 };

/* global document, WebSocket, requestIdleCallback, addEventListener, requestAnimationFrame -- listen() runs in the page */

/** Runs in the page before its own scripts: hears what the terminal prints before the page does. */
function listen() {
  const heard = (globalThis.heard = {
    tail: '',
    marker: '',
    prompt: '',
    drawn: undefined,
    keyAt: 0,
    echo: '',
    echoes: [],
    shown: [],
  });
  /** Our rows are elements: the prompt stands in the last one. The classic draws on a canvas: it is done when nothing waits. */
  const isShown = () => {
    const rows = [...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.trim());
    return rows.findLast((row) => row !== '') === heard.prompt;
  };
  const whenIdle = (deadline) => {
    if (deadline.timeRemaining() > 30) heard.drawn = performance.now();
    else requestIdleCallback(whenIdle);
  };
  const whenDrawn = () => {
    if (document.querySelector('.xterm-rows') === null) requestIdleCallback(whenIdle);
    else void globalThis.figures.when(isShown).then((now) => (heard.drawn = now));
  };
  const Native = WebSocket;
  globalThis.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      if (!String(args[0]).includes('/terminals/')) return;
      this.addEventListener('message', ({ data }) => {
        const [type, text] = JSON.parse(data);
        if (type !== 'stdout') return;
        if (heard.marker !== '') {
          heard.tail = (heard.tail + text).slice(-Math.max(text.length, 200));
          if (heard.tail.includes(heard.marker)) {
            heard.prompt = heard.marker.trim();
            heard.marker = '';
            whenDrawn();
          }
        }
        if (heard.echo !== '' && text.includes(heard.echo)) {
          const { keyAt } = heard;
          heard.echo = '';
          heard.echoes.push(performance.now() - keyAt);
          requestAnimationFrame(() => heard.shown.push(performance.now() - keyAt));
        }
      });
    }
  };
  addEventListener(
    'keydown',
    (event) => {
      heard.keyAt = event.timeStamp;
      heard.echo = event.key.length === 1 ? event.key : '';
    },
    true,
  );
}

const SHELL = ['/bin/bash', '--norc', '--noprofile'];
const MEGABYTES = 20;
const KEYS = 60;

async function measure(bench, browser) {
  const line = 'The quick brown fox jumps over the lazy dog, 0123456789, again and again and again.\n';
  const prepare = (folder) =>
    writeFileSync(join(folder, 'long.txt'), line.repeat((MEGABYTES * 1e6) / line.length));
  const results = await bench.measure({
    of: SERVERS,
    rounds: Number(process.env.NBSERVER_BENCH_ROUNDS ?? bench.size(3, 1)),
    run: (name) =>
      withServer(name, { prepare, env: { SHELL: SHELL[0] } }, (server) =>
        withPage(browser, server, async (page) => {
          const answer = await server.request('api/terminals', { method: 'POST', body: '{}' });
          if (!answer.ok) throw new Error(`it has no terminals (${answer.status})`);
          const { name: number } = await answer.json();
          await page.addInitScript(listen);
          await page.goto(`${server.url}terminals/${number}`, patience);
          await page.locator('.xterm-screen, .xterm').first().click(patience);
          await wait(1_000); // the prompt
          /** From a key until the prompt that follows it is drawn. */
          const untilPrompt = async (key) => {
            await page.evaluate(
              'void Object.assign(heard, { tail: "", drawn: undefined, marker: "done> " })',
            );
            const started = await page.evaluate('performance.now()');
            await page.keyboard.press(key);
            await until(page, 'heard.drawn !== undefined', 100_000);
            return (await page.evaluate('heard.drawn')) - started;
          };
          await page.keyboard.type(`PS1='do''ne> '`);
          await untilPrompt('Enter');
          await page.keyboard.type(`cat ${join(server.folder, 'long.txt')}`);
          const time = await untilPrompt('Enter');
          await page.keyboard.type('yes');
          await page.keyboard.press('Enter');
          await wait(1_500);
          const stopped = await untilPrompt('Control+c');
          await page.evaluate('void (heard.echoes = [], heard.shown = [])');
          for (let i = 0; i < KEYS; i++) {
            await page.keyboard.press('abcdefghij'[i % 10]);
            await wait(60);
          }
          const { echoes, shown } = await page.evaluate('heard');
          if (echoes.length < KEYS / 2) throw new Error(`only ${echoes.length} of ${KEYS} keys came back`);
          return {
            'cat, MB/s': (MEGABYTES * 1000) / time,
            'Ctrl-C in a flood, ms': stopped,
            'echo arrives p50, ms': at(echoes, 0.5),
            'echo p95, ms': at(echoes, 0.95),
            'next frame p50, ms': at(shown, 0.5),
          };
        }),
      ),
  });
  const own = await shellEchoes();
  console.log(`\nTerminal; the shell's own echo takes ${at(own, 0.5).toFixed(2)} ms`);
  bench.table(results);
  const [ours, theirs] = BOTH.map((name) => bench.of(results, name, 'cat, MB/s'));
  bench.ratio('terminal: cat of 20 MB, throughput ÷ classic', ours, theirs, { atLeast: 2 });
  bench.target('terminal: Ctrl-C ends a flood', bench.of(results, 'nbserver', 'Ctrl-C in a flood, ms'), {
    atMost: 200,
    unit: 'ms',
  });
  const echo = bench.of(results, 'nbserver', 'echo arrives p50, ms');
  bench.target("terminal: typing echo over the shell's own", echo - at(own, 0.5), { atMost: 10, unit: 'ms' });
}

/** From a key to its echo on a pseudo-terminal of our own. ms */
async function shellEchoes() {
  const [file, ...args] = SHELL;
  const pty = spawn(file, args, { cols: 80, rows: 24 });
  const echoes = [];
  let echoed = () => {};
  pty.onData(() => echoed());
  await wait(500); // the prompt
  for (let i = 0; i < KEYS; i++) {
    const started = performance.now();
    const back = new Promise((resolve) => (echoed = resolve));
    pty.write('abcdefghij'[i % 10]);
    await back;
    echoes.push(performance.now() - started);
    await wait(10);
  }
  pty.kill('SIGKILL');
  return echoes;
}

export default (bench) => withBrowser((browser) => measure(bench, browser));
