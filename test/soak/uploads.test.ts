/**
 * A file of 2 GB, chosen on the dashboard, over a connection that is cut ten times: what arrives is what was sent.
 * `NBSERVER_SOAK_MEGABYTES` says how large (2048); it takes three times as much on the disk.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBrowser, openPage } from '../browser/open-browser.js';
import { cuttingProxy } from '../cutting-proxy.js';
import { freePort, makeHome, serve, type Home, type RunningCommand } from '../command-line.js';
import { hasChromium } from '../parts.js';
import { TOKEN } from '../test-server.js';

const megabytes = Number(process.env.NBSERVER_SOAK_MEGABYTES ?? 2048);
const CUTS = 10;
const MB = 1024 * 1024;

/** By so much more than idle may the server's process hold at any time, in MB. */
const MOST_MB = 100;

let folder: string;
let home: Home;
let port: number;
let server: RunningCommand;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nbserver-soak-'));
  home = makeHome();
  port = await freePort();
  server = await serve([home.notebooks, `--port=${port}`, `--token=${TOKEN}`], home);
});
afterEach(async () => {
  await server.stop();
  home.remove();
  rmSync(folder, { recursive: true });
});

/** In MB. */
function memory(field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

async function writeRandom(path: string): Promise<void> {
  const file = await open(path, 'wx');
  // Random enough that no two chunks are alike, and made faster than the disk writes.
  const block = randomBytes(MB);
  for (let at = 0; at < megabytes; at += 1) {
    block.writeUInt32LE(at, 0);
    await file.write(block);
  }
  await file.close();
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: MB })) hash.update(part as Buffer);
  return hash.digest('hex');
}

describe.skipIf(!hasChromium)('an upload of the dashboard', () => {
  it(
    `of ${megabytes} MB goes on after each of ${CUTS} cuts, appears when it is whole, and takes little memory`,
    async () => {
      const source = join(folder, 'large.bin');
      const arrived = join(home.notebooks, 'large.bin');
      await writeRandom(source);
      const proxy = await cuttingProxy(port, { every: ((megabytes * MB) / (CUTS + 1)) | 0, most: CUTS });
      const browser = await openBrowser();
      let grown: number;
      try {
        const { page } = await openPage(browser, new URL(proxy.url).origin);
        await page.goto(`${proxy.url}tree?token=${TOKEN}`);
        const chooser = page.waitForEvent('filechooser');
        await page.getByRole('button', { name: 'Upload', exact: true }).click();
        await (await chooser).setFiles(source);
        const row = page.locator('.upload-row');
        await row.waitFor();
        const started = Date.now();
        const idle = memory('VmRSS');
        while (await row.isVisible()) {
          expect(await page.locator('.upload-row.failed').allTextContents()).toEqual([]);
          if (proxy.cuts() < CUTS) expect(existsSync(arrived)).toBe(false);
          await page.waitForTimeout(1_000);
        }
        grown = Math.round(memory('VmHWM') - idle);
        console.log(
          `${megabytes} MB in ${Math.round((Date.now() - started) / 1000)} s, memory grew by ${grown} MB`,
        );
        expect(proxy.cuts()).toBe(CUTS);
        await page.locator('.file-list').getByText('large.bin').waitFor();
      } finally {
        await browser.close();
        proxy.close();
      }
      expect(await hashOf(arrived)).toBe(await hashOf(source));
      expect(grown).toBeLessThan(MOST_MB);
    },
    60 * 60_000,
  );
});
