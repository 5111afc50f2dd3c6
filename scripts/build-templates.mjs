// Compiles the templates: the first page of a server needs no parser and no compiler then (25 ms, 8 MB).
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import nunjucks from 'nunjucks';
import { root } from './setup.mjs';

/** @param target  the module to write: a record of compiled templates by name, for nunjucks' PrecompiledLoader */
export function buildTemplates(target) {
  const folder = join(root, 'templates');
  // as src/pages/render-page.ts has them
  const env = new nunjucks.Environment([], { autoescape: true, trimBlocks: true, lstripBlocks: true });
  const wrapper = ([{ name, template }]) => `${JSON.stringify(name)}: (() => {${template}})(),\n`;
  const compiled = readdirSync(folder)
    .filter((name) => /\.(html|svg)$/.test(name))
    .map((name) =>
      nunjucks.precompileString(readFileSync(join(folder, name), 'utf8'), { name, env, wrapper }),
    );
  writeFileSync(target, `export default {\n${compiled.join('')}};\n`);
}
