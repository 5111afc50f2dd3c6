import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { proxyKind, proxySnippet } from '../../../src/protocol/proxy-snippets.js';
import { packageRoot } from '../../../src/package-files.js';

const site = { url: 'https://nb.example.org/ipython/', backend: '127.0.0.1:8888' };

it.each(['nginx', 'Apache', 'Caddy'] as const)('docs/public-server.md sets %s up in the same way', (kind) => {
  expect(readFileSync(join(packageRoot, 'docs', 'public-server.md'), 'utf8')).toContain(
    proxySnippet(kind, site),
  );
});

it.each([
  ['nginx/1.26.3', 'nginx'],
  ['Apache/2.4.65 (Debian)', 'Apache'],
  ['Caddy', 'Caddy'],
  ['cloudflare', undefined],
  [undefined, undefined],
])('knows %s by its header', (header, kind) => expect(proxyKind(header)).toBe(kind));
