/** What sends a file, with the real contents API at the other end, and a line between them that can be broken. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serveContents, type Served } from '../../contents/serve.js';

const MB = 1024 * 1024;
const bytes = new Uint8Array(9 * MB).map((_, at) => at >> 12);

type Line = (method: string, address: string, size: number) => Response | 'broken' | undefined;

let served: Served;
/** `PUT chunk=1`, …: what arrived at the server */
let arrived: string[];
let line: Line;
let online: Set<() => void>;
let waiting: string[];
let progress: number[];
let FileSender: typeof import('../../../../static/tree/send-file.js').FileSender;
let TakenError: typeof import('../../../../static/tree/send-file.js').TakenError;

/** The browser's, as far as it is used. */
class FileReader extends EventTarget {
  result: string | undefined;

  readAsDataURL(part: Blob): void {
    void part.arrayBuffer().then((content) => {
      this.result = `data:;base64,${Buffer.from(content).toString('base64')}`;
      this.dispatchEvent(new Event('load'));
    });
  }
}

beforeEach(async () => {
  vi.stubGlobal('FileReader', FileReader);
  served = await serveContents();
  [arrived, waiting, progress, online] = [[], [], [], new Set()];
  line = () => undefined;
  const data = JSON.stringify({ base_url: '/base/', xsrf: 'mine', xsrf_cookie: '_xsrf' });
  vi.stubGlobal('document', { getElementById: () => ({ textContent: data }), cookie: '' });
  vi.stubGlobal('addEventListener', (_type: string, listener: () => void) => online.add(listener));
  vi.stubGlobal('removeEventListener', (_type: string, listener: () => void) => online.delete(listener));
  const toServer = globalThis.fetch;
  vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
    const size = init.body instanceof Blob ? init.body.size : 0;
    const method = init.method ?? 'GET';
    const instead = line(method, address, size);
    if (instead === 'broken') throw new TypeError('Failed to fetch');
    if (instead !== undefined) return instead;
    arrived.push(
      `${method} ${/chunk=-?\d+/.exec(address)?.[0] ?? address.replace(/upload=\w+/, 'upload=…')}`,
    );
    return toServer(new URL(address, served.url), init);
  });
  // the page's data is parsed once, and what a proxy takes is remembered
  vi.resetModules();
  ({ FileSender, TakenError } = await import('../../../../static/tree/send-file.js'));
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await served.close();
});
afterAll(() => vi.resetModules());

const fileOf = (content: Uint8Array<ArrayBuffer>, lastModified = 1) =>
  new File([content], 'big.bin', { lastModified });
const sender = (file = fileOf(bytes)) =>
  new FileSender(file, {
    onProgress: (sent) => progress.push(sent),
    onWaiting: (why) => {
      if (why === undefined) return;
      waiting.push(why);
      // nobody waits here: the network is back as soon as it is listened for
      setTimeout(() => [...online].forEach((listener) => listener()));
    },
  });
const path = () => join(served.root, 'big.bin');
const chunks = () => arrived.filter((request) => request.startsWith('PUT'));
const expectArrived = () => expect(readFileSync(path()).equals(bytes)).toBe(true);

describe('a large file', () => {
  it('is sent as bytes, each chunk once, with nothing to be asked afterwards', async () => {
    await sender().send('big.bin', false);
    expect(arrived).toEqual([
      'GET /base/api/contents/big.bin?content=0',
      'GET /base/api/uploads/big.bin?upload=…',
      'PUT chunk=1',
      'PUT chunk=2',
      'PUT chunk=-1',
    ]);
    expect(progress).toEqual([0, 4 * MB, 8 * MB]);
    expectArrived();
  });

  it('goes on however often the line is broken', async () => {
    let broken = 0;
    line = (method, address) =>
      /chunk=2/.test(address) && method === 'PUT' && ++broken <= 10 ? 'broken' : undefined;
    await sender().send('big.bin', false);
    expect(waiting).toHaveLength(10);
    expect(waiting[0]).toMatch(/does not answer/);
    expect(chunks()).toEqual(['PUT chunk=1', 'PUT chunk=2', 'PUT chunk=-1']);
    expectArrived();
  });

  it.each<[string, number, string[]]>([
    ['a chunk', 1, ['PUT chunk=1', 'PUT chunk=2', 'PUT chunk=2', 'PUT chunk=-1']],
    ['the last chunk', 2, ['PUT chunk=1', 'PUT chunk=2', 'PUT chunk=-1']],
  ])('is not sent anew when the answer to %s was lost', async (_what, which, expected) => {
    const through = globalThis.fetch;
    let lost = 0;
    vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
      const answer = await through(address, init);
      if (init.method === 'PUT' && lost++ === which) throw new TypeError('Failed to fetch');
      return answer;
    });
    await sender().send('big.bin', false);
    expect(chunks()).toEqual(expected);
    expectArrived();
  });

  describe('that is chosen again after the page was loaded anew', () => {
    const sendTwoChunks = async () => {
      line = (_method, address) =>
        /chunk=-1/.test(address) ? new Response('{}', { status: 500 }) : undefined;
      await expect(sender().send('big.bin', false)).rejects.toThrow();
      line = () => undefined;
      arrived = [];
    };

    it('goes on where it was', async () => {
      await sendTwoChunks();
      await sender().send('big.bin', false);
      expect(chunks()).toEqual(['PUT chunk=-1']);
      expect(progress.at(-1)).toBe(8 * MB);
      expectArrived();
    });

    it('begins anew when it was changed in between', async () => {
      await sendTwoChunks();
      await sender(fileOf(bytes, 2)).send('big.bin', false);
      expect(chunks()).toEqual(['PUT chunk=1', 'PUT chunk=2', 'PUT chunk=-1']);
    });

    it('is never mixed with another one that begins and ends alike', async () => {
      await sendTwoChunks();
      const other = bytes.slice();
      other[5 * MB] = 255;
      await sender(fileOf(other)).send('big.bin', false);
      expect(chunks()).toEqual(['PUT chunk=1', 'PUT chunk=2', 'PUT chunk=-1']);
      expect(readFileSync(path()).equals(other)).toBe(true);
    });
  });

  it('goes in smaller chunks through a proxy that takes no large ones', async () => {
    line = (_method, _address, size) => (size > MB ? new Response('<html>', { status: 413 }) : undefined);
    await sender().send('big.bin', false);
    expect(chunks()).toHaveLength(18);
    expectArrived();
  });

  it('names the proxy that takes nothing at all, and the connection test', async () => {
    line = (method) => (method === 'PUT' ? new Response('<html>', { status: 413 }) : undefined);
    await expect(sender().send('big.bin', false)).rejects.toThrow(/proxy.*connection test/);
  });

  it('is sent again where it arrived damaged', async () => {
    const through = globalThis.fetch;
    let puts = 0;
    vi.stubGlobal('fetch', (address: string, init: RequestInit) =>
      through(
        address,
        init.method === 'PUT' && puts++ === 1 ? { ...init, body: new Blob([new Uint8Array(4 * MB)]) } : init,
      ),
    );
    await sender().send('big.bin', false);
    expect(chunks()).toEqual(['PUT chunk=1', 'PUT chunk=2', 'PUT chunk=2', 'PUT chunk=-1']);
    expectArrived();
  });

  it('is sent again when the line broke before anything of it arrived, whatever has its name', async () => {
    const small = new File(['{"cells": [1, 2, 3]}'], 'n.ipynb');
    const there = join(served.root, 'n.ipynb');
    writeFileSync(there, '{}');
    let broken = 0;
    line = (method) => (method === 'PUT' && ++broken === 1 ? 'broken' : undefined);
    await expect(sender(small).send('n.ipynb', false)).rejects.toThrow(TakenError);
    expect(readFileSync(there, 'utf8')).toBe('{}');
    broken = 0;
    await sender(small).send('n.ipynb', true);
    expect(readFileSync(there, 'utf8')).toContain('[1, 2, 3]');
  });

  it('waits for a person when the disk is full', async () => {
    const message = 'The disk is full at /state.';
    line = (_method, address) =>
      /chunk=2/.test(address) ? new Response(JSON.stringify({ message }), { status: 507 }) : undefined;
    const mine = sender();
    await expect(mine.send('big.bin', false)).rejects.toThrow(message);
    expect([waiting, existsSync(path())]).toEqual([[], false]);
    line = () => undefined;
    await mine.send('big.bin', false);
    expect(chunks()).toEqual(['PUT chunk=1', 'PUT chunk=2', 'PUT chunk=-1']);
  });
});
