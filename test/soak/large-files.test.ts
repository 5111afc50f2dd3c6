/**
 * A file of 2 GB arrives in chunks, cut and gone on with after the server was killed, and is fetched again, cut and gone on
 * with: every byte is right, and the server holds little of it in memory. `NBSERVER_SOAK_MB` says how large (2,048).
 */
import { createCipheriv, createHash, type Hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort, makeHome, serve, type Home, type RunningCommand } from '../command-line.js';
import { TOKEN } from '../test-server.js';

/** What JupyterLab sends at a time. */
const CHUNK = 1 << 20;
const chunks = Number(process.env.NBSERVER_SOAK_MB ?? 2048);
/** What the server may hold beyond what it holds when it has just started, in MB. */
const MOST_MB = 100;

let home: Home;
let port: number;
let server: RunningCommand;
const start = () => serve([home.notebooks, `--port=${port}`, `--token=${TOKEN}`], home);
beforeEach(async () => {
  home = makeHome();
  port = await freePort();
  server = await start();
});
afterEach(async () => {
  await server.stop();
  home.remove();
});

/** The same bytes for the same number, and nothing that a file system or zip could make smaller. */
function chunk(index: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeUInt32BE(index, 0);
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), iv).update(Buffer.alloc(CHUNK));
}

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`http://localhost:${port}/${path}`, {
    ...init,
    headers: { Authorization: `token ${TOKEN}`, ...(init.headers as Record<string, string>) },
  });

function put(number: number, bytes: Buffer, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify({
    type: 'file',
    format: 'base64',
    chunk: number,
    content: bytes.toString('base64'),
  });
  return ask('api/contents/large.bin', { method: 'PUT', body, ...(signal === undefined ? {} : { signal }) });
}

async function send(from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++) {
    const answer = await put(index === chunks - 1 ? -1 : index + 1, chunk(index));
    if (!answer.ok) throw new Error(`chunk ${index + 1}: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  }
}

/** What has to be sent next; asked with a chunk that cannot be. */
async function nextChunk(): Promise<number> {
  const answer = await put(chunks + 1000, Buffer.alloc(1));
  expect(answer.status).toBe(400);
  return ((await answer.json()) as { next_chunk: number }).next_chunk;
}

/** In MB. */
function memory(field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

/** Adds what arrives to the hash, and breaks off behind so many bytes. @returns how many arrived */
async function fetchInto(hash: Hash, from: number, most = Infinity): Promise<number> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { Authorization: `token ${TOKEN}`, ...(from === 0 ? {} : { Range: `bytes=${from}-` }) };
    request({ host: 'localhost', port, path: '/files/large.bin', headers }, resolve)
      .on('error', reject)
      .end();
  });
  expect(response.statusCode).toBe(from === 0 ? 200 : 206);
  let count = 0;
  for await (const piece of response) {
    const wanted = (piece as Buffer).subarray(0, most - count);
    hash.update(wanted);
    count += wanted.length;
    if (count >= most) break;
  }
  return count;
}

it(`takes and gives a file of ${chunks} MB, and holds no more than ${MOST_MB} MB for it`, async () => {
  const whole = createHash('sha256');
  for (let index = 0; index < chunks; index++) whole.update(chunk(index));
  const wanted = whole.digest('hex');
  let idle = memory('VmRSS');
  const grown: number[] = [];
  const middle = Math.floor(chunks / 2);

  const sending = Date.now();
  await send(0, middle);
  // the connection is cut in the middle of a chunk, and then the power
  const cut = new AbortController();
  const broken = put(middle + 1, chunk(middle), cut.signal).catch(() => undefined);
  setTimeout(() => cut.abort(), 2);
  await broken;
  grown.push(memory('VmHWM') - idle);
  server.child.kill('SIGKILL');
  await server.exited;
  server = await start();
  idle = memory('VmRSS');
  // the chunk that was cut may have arrived
  const next = await nextChunk();
  expect([middle + 1, middle + 2]).toContain(next);
  await send(next - 1, chunks);
  grown.push(memory('VmHWM') - idle);

  const fetching = Date.now();
  const hash = createHash('sha256');
  const first = await fetchInto(hash, 0, middle * CHUNK + 12_345);
  const rest = await fetchInto(hash, first);
  grown.push(memory('VmHWM') - idle);
  expect(first + rest).toBe(chunks * CHUNK);
  expect(hash.digest('hex')).toBe(wanted);
  const seconds = [fetching - sending, Date.now() - fetching].map((ms) => Math.round(ms / 1000));
  console.log(
    `${chunks} MB: sent in ${seconds[0]} s, fetched in ${seconds[1]} s; memory grew by, in MB:`,
    grown,
  );
  expect(Math.max(...grown)).toBeLessThan(MOST_MB);
});
