// npm runs this after `npm install` in a clone, and for `npm install -g .` and `npm pack`: it builds what the package ships.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, checkNode, installPackages, root } from './setup.mjs';

// Set when our own set-up calls npm: it builds by itself afterwards.
if (process.env.NBSERVER_SETUP !== '1') {
  checkNode();
  // `npm install` and `npm ci` have just brought everything; only a global install leaves the development packages out.
  if (!existsSync(join(root, 'node_modules', 'esbuild'))) installPackages();
  await build({ types: true });
}
