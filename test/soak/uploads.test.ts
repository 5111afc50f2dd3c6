/**
 * A file of 2 GB, chosen on the dashboard, over a connection that is cut ten times: what arrives is what was sent.
 * `NBSERVER_SOAK_MEGABYTES` says how large (2048); it takes three times as much on the disk.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBrowser, openPage } from '../browser/open-browser.js';
import { hasChromium } from '../parts.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';

const megabytes = Number(process.env.NBSERVER_SOAK_MEGABYTES ?? 2048);
const CUTS = 10;
const MB = 1024 * 1024;

let folder: string;
let server: TestServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nbserver-soak-'));
  server = await startTestServer({ onlyOwnKernel: true });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Between browser and server: all connections break each time that so many more bytes have gone up. */
async function cuttingProxy(every: number): Promise<{ url: string; cuts(): number; close(): void }> {
  const sockets = new Set<Socket>();
  let [sent, cuts] = [0, 0];
  const proxy = createServer((client) => {
    const upstream = connect(Number(new URL(server.url).port), '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => undefined); // a cut, seen from one side
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    client.on('data', ({ length }) => {
      sent += length;
      if (cuts >= CUTS || sent < (cuts + 1) * every) return;
      cuts += 1;
      for (const socket of sockets) socket.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    cuts: () => cuts,
    close: () => {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
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
    `of ${megabytes} MB goes on after each of ${CUTS} cuts, and appears when it is whole`,
    async () => {
      const source = join(folder, 'large.bin');
      const arrived = join(server.notebooks, 'large.bin');
      await writeRandom(source);
      const proxy = await cuttingProxy(((megabytes * MB * 4) / 3 / (CUTS + 1)) | 0);
      const browser = await openBrowser();
      try {
        const { page } = await openPage(browser, new URL(proxy.url).origin);
        await page.goto(`${proxy.url}tree?token=${TOKEN}`);
        const chooser = page.waitForEvent('filechooser');
        await page.getByRole('button', { name: 'Upload', exact: true }).click();
        await (await chooser).setFiles(source);
        const row = page.locator('.upload-row');
        await row.waitFor();
        const started = Date.now();
        while (await row.isVisible()) {
          expect(await page.locator('.upload-row.failed').allTextContents()).toEqual([]);
          if (proxy.cuts() < CUTS) expect(existsSync(arrived)).toBe(false);
          await page.waitForTimeout(1_000);
        }
        console.log(`${megabytes} MB in ${Math.round((Date.now() - started) / 1000)} s`);
        expect(proxy.cuts()).toBe(CUTS);
        await page.locator('.file-list').getByText('large.bin').waitFor();
      } finally {
        await browser.close();
        proxy.close();
      }
      expect(await hashOf(arrived)).toBe(await hashOf(source));
    },
    60 * 60_000,
  );
});
