/**
 * `/frame/output`: the empty document in which an output of a trusted notebook runs its scripts.
 *
 * Its own policy and sandbox make it an origin of its own (opaque), also when somebody opens the address by itself: no
 * cookie of ours, no storage, no parent. It may load from other servers by https, as plots from a library do; this
 * server refuses `Origin: null`. The page around it has a policy that lets frames come from here alone, so a script
 * cannot send its frame elsewhere.
 */
import { readFileSync } from 'node:fs';
import { Router } from 'express';
import { packageFile } from '../package-files.js';
import { readManifest } from './assets.js';

const POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' https: data: blob:",
  "style-src 'unsafe-inline' https: data:",
  'img-src https: data: blob:',
  'font-src https: data:',
  'media-src https: data: blob:',
  'connect-src https: wss: data: blob:',
  'worker-src blob: data:',
  'frame-src https: data: blob:',
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'self'",
  'sandbox allow-scripts allow-popups allow-downloads allow-forms allow-modals',
].join('; ');

const STYLE = `
:root { color-scheme: light; background: transparent; }
@media screen { :root[data-theme=dark] { color-scheme: dark; color: #e6e6e6; } }
body { margin: 0; padding: 1px 0; overflow: auto hidden; font: 14px/20px system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; }
table { border-collapse: collapse; } th, td { padding: 4px 8px; }
`;

export function outputFrameRouter(): Router {
  const router = Router({ caseSensitive: true });
  let page: { script: string; html: string } | undefined;
  router.get('/frame/output', (_req, res) => {
    const script = readManifest().entries['output-frame']?.js ?? '';
    if (page?.script !== script) page = { script, html: document(script) };
    res.setHeader('Content-Security-Policy', POLICY);
    res.setHeader('Referrer-Policy', 'no-referrer');
    res.setHeader('Cache-Control', 'private, max-age=3600');
    res.removeHeader('Cross-Origin-Opener-Policy');
    res.type('html').send(page.html);
  });
  return router;
}

/** The script stands in the document: from an opaque origin `'self'` names nothing that could be loaded. */
function document(script: string): string {
  const code = readFileSync(packageFile('dist', 'static', script), 'utf8').replace(
    /<\/script/gi,
    '<\\/script',
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Output</title><base target="_blank"><style>${STYLE}</style></head><body><script type="module">${code}</script></body></html>`;
}
