/**
 * `custom/custom.css` and `custom/custom.js`: what the owner of the server adds to every page, from the configuration
 * directory and from nowhere else. Both are private, as pages are, so the login page goes without.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Router } from 'express';
import { HttpError } from '../http-error.js';

const FILES = ['custom.css', 'custom.js'] as const;

export interface Custom {
  router: Router;
  /** which of the files are there now; a page names only those */
  present(): { custom_css: boolean; custom_js: boolean };
}

/** @param configDirectory  undefined: none is read, and there is nothing custom */
export function customFiles(configDirectory: string | undefined): Custom {
  const root = configDirectory === undefined ? undefined : join(configDirectory, 'custom');
  const has = (name: (typeof FILES)[number]) => root !== undefined && existsSync(join(root, name));
  const router = Router({ caseSensitive: true });
  for (const name of FILES) {
    router.get(`/custom/${name}`, (_req, res) => {
      if (root === undefined || !has(name)) throw new HttpError(404, `There is no custom/${name}.`);
      res.setHeader('Cache-Control', 'no-cache');
      res.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
      res.sendFile(name, { root, cacheControl: false, dotfiles: 'allow' });
    });
  }
  return { router, present: () => ({ custom_css: has('custom.css'), custom_js: has('custom.js') }) };
}
