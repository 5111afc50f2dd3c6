import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, serveContents, type Served } from '../unit/contents/serve.js';

let served: Served;
let files: string;

beforeAll(async () => {
  served = await serveContents();
  files = `${served.url}/files`;
  const put = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(served.root, name), content);
  mkdirSync(join(served.root, 'sub dir'));
  put('n.ipynb', '{}');
  put('page.html', '<script>alert(1)</script>');
  put('digits.txt', '0123456789');
  put('noext', 'grüße');
  put('binary', Uint8Array.of(0, 1, 2, 255));
  put('a.tar.gz', Uint8Array.of(0x1f, 0x8b));
  put('empty', '');
  put('paper.pdf', '%PDF-1.4\n%%EOF\n');
  put('page.pdf', '<script>alert(1)</script>');
  put('nothing.pdf', '');
  put('sub dir/ü%20 (1).png', Uint8Array.of(0x89));
  put('.hidden', 'secret');
  put('cut', 'x'.repeat(8191) + 'ü');
  symlinkSync('/etc/hostname', join(served.root, 'outside'));
  symlinkSync('nowhere', join(served.root, 'dangling'));
  execFileSync('mkfifo', [join(served.root, 'pipe')]);
});
afterAll(() => served.close());

/** Sends a path as it is; fetch would tidy it first. */
function raw(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(files);
  return new Promise((done, fail) => {
    const req = request({ hostname, port, path, headers, method }, (res) => {
      let text = '';
      res.on('data', (chunk: Buffer) => (text += chunk.toString()));
      res.on('end', () => done({ status: res.statusCode ?? 0, text }));
    });
    req.on('error', fail).end();
  });
}

describe('GET /files', () => {
  it.each([
    ['page.html', 'text/html', null],
    ['digits.txt', 'text/plain; charset=UTF-8', null],
    ['noext', 'text/plain; charset=UTF-8', null],
    ['empty', 'text/plain; charset=UTF-8', null],
    ['cut', 'text/plain; charset=UTF-8', null],
    ['binary', 'application/octet-stream', null],
    ['a.tar.gz', 'application/gzip', null],
    ['n.ipynb', 'application/x-ipynb+json', "attachment; filename*=utf-8''n.ipynb"],
    ['digits.txt?download=1', 'text/plain; charset=UTF-8', "attachment; filename*=utf-8''digits.txt"],
    [
      'sub%20dir/%C3%BC%2520%20(1).png?download',
      'image/png',
      "attachment; filename*=utf-8''%C3%BC%2520%20%281%29.png",
    ],
  ])('serves %s as %s, as hostile content', async (path, type, disposition) => {
    const { status, headers } = await call(`${files}/${path}`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('content-disposition')).toBe(disposition);
    expect(headers.get('content-security-policy')).toBe('sandbox allow-scripts');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('no-cache');
  });

  it('sends a PDF without the sandbox, in which browsers show none, but not what only has such a name', async () => {
    const policyOf = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
      const answer = await call(`${files}/${path}`, method, undefined, headers);
      expect(answer.headers.get('content-type')).toBe(answer.status === 304 ? null : 'application/pdf');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      return answer.headers.get('content-security-policy');
    };
    const policy = await policyOf('paper.pdf');
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).not.toMatch(/sandbox|script-src/);
    expect(await policyOf('paper.pdf', {}, 'HEAD')).toBe(policy);
    expect(await policyOf('paper.pdf', { Range: 'bytes=5-6' }), 'a part of it').toBe(policy);
    for (const name of ['page.pdf', 'nothing.pdf'])
      expect(await policyOf(name), name).toBe('sandbox allow-scripts');
    const tag = (await call(`${files}/paper.pdf`)).headers.get('etag') ?? '';
    expect(await policyOf('paper.pdf', { 'If-None-Match': tag }), 'the one it came with holds').toBe(null);
    const earlier = `${tag.slice(0, tag.indexOf(';'))}"`;
    expect(await policyOf('paper.pdf', { 'If-None-Match': earlier }), 'stored with the sandbox').toBe(policy);
  });

  it('follows links that the owner made', async () => {
    expect((await call(`${files}/outside`)).status).toBe(200);
  });

  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=5-500', 206, '56789', 'bytes 5-9/10'],
    ['bytes=-500', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=5-2', 200, '0123456789', null],
    ['bytes=0-1,3-4', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
  ])('answers the range %s with %i', async (range, status, text, contentRange) => {
    const answer = await call(`${files}/digits.txt`, 'GET', undefined, { Range: range });
    expect([answer.status, answer.text, answer.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
    expect(answer.headers.get('content-length')).toBe(`${text.length}`);
  });

  it('answers 416 to a range behind the end', async () => {
    const answer = await call(`${files}/digits.txt`, 'GET', undefined, { Range: 'bytes=10-' });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */10']);
  });

  it('answers 304 to who has it, by tag or by time', async () => {
    const { headers } = await call(`${files}/digits.txt`);
    const tag = headers.get('etag') ?? '';
    const time = headers.get('last-modified') ?? '';
    const status = async (name: string, value: string): Promise<number> =>
      (await call(`${files}/digits.txt`, 'GET', undefined, { [name]: value })).status;
    expect(await status('If-None-Match', tag)).toBe(304);
    expect(await status('If-None-Match', '"other"')).toBe(200);
    expect(await status('If-Modified-Since', time)).toBe(304);
    expect(await status('If-Modified-Since', new Date(0).toUTCString())).toBe(200);
    const range = { Range: 'bytes=0-0', 'If-Range': '"other"' };
    expect((await call(`${files}/digits.txt`, 'GET', undefined, range)).status).toBe(200);
    expect((await call(`${files}/digits.txt`, 'GET', undefined, { ...range, 'If-Range': tag })).status).toBe(
      206,
    );
  });

  it('answers HEAD with the headers alone', async () => {
    const { status, headers, text } = await call(`${files}/digits.txt`, 'HEAD');
    expect([status, headers.get('content-length'), text]).toEqual([200, '10', '']);
  });

  it('gives nothing to pages of other sites', async () => {
    const from = (site: string, mode: string): Promise<{ status: number }> =>
      raw('/base/files/digits.txt', { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': mode });
    expect((await from('cross-site', 'no-cors')).status).toBe(403);
    expect((await from('cross-site', 'navigate')).status).toBe(200);
    expect((await from('same-origin', 'no-cors')).status).toBe(200);
  });

  it.each([
    ['/base/files/missing', 404],
    ['/base/files', 400],
    ['/base/files/', 400],
    ['/base/files/sub%20dir', 400],
    ['/base/files/.hidden', 404],
    ['/base/files/sub%20dir/../.hidden', 404],
    ['/base/files/pipe', 400],
    ['/base/files/dangling', 400],
    ['/base/files/../../../../etc/passwd', 404],
    ['/base/files/..%2f..%2f..%2fetc%2fpasswd', 404],
    ['/base/files/%2e%2e/%2e%2e/etc/passwd', 404],
    ['/base/files/%252e%252e/etc/passwd', 404],
    ['/base/files//etc/passwd', 404],
    ['/base/files/%2fetc%2fpasswd', 404],
    ['/base/files/..%5c..%5cetc%5cpasswd', 404],
    ['/base/files/a%00b', 404],
    ['/base/files/%ff', 400],
    ['/base/files/%c0%ae%c0%ae/etc/passwd', 400],
    ['/base/api/contents/%2e%2e/%2e%2e/etc/passwd', 404],
    ['/base/api/contents/%ff', 400],
    ['/base/api/contents/x/checkpoints/%2e%2e%2f', 404],
  ])('refuses %s with %i', async (path, status) => {
    const answer = await raw(path);
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('root:');
    expect(answer.text).not.toContain('secret');
    expect(answer.text).not.toContain(served.root);
  });
});
