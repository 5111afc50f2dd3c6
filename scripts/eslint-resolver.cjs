// Tells eslint-plugin-boundaries which file a relative import means: `./x.js` in our sources is `./x.ts` on disk.
const { existsSync } = require('node:fs');
const { dirname, resolve } = require('node:path');

exports.interfaceVersion = 2;

exports.resolve = (source, file) => {
  if (!source.startsWith('.')) return { found: true, path: null };
  const path = resolve(dirname(file), source);
  const candidates = [path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx'), path];
  const found = candidates.find(existsSync);
  return found === undefined ? { found: false } : { found: true, path: found };
};
