// The licences of the packages whose code is in the build: most of them ask to come with every copy.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {Iterable<string>} sources  absolute paths of what was bundled; those outside node_modules are our own
 * @returns {string} name, version, licence and its text for each package, by name
 * @throws {Error} when a package does not say what its licence is
 */
export function licensesOf(sources) {
  const packages = new Map();
  for (const source of sources) {
    const folder = packageOf(source);
    if (folder === undefined || packages.has(folder)) continue;
    packages.set(folder, describe(folder));
  }
  const sections = new Set([...packages.values()].sort((a, b) => a.localeCompare(b, 'en')));
  return `nbserver contains code of these packages.\n\n${[...sections].join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** The folder of the package that a file belongs to: below the last node_modules on its way. */
function packageOf(source) {
  const [, folder] = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/s.exec(source) ?? [];
  return folder;
}

function describe(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|copying|notice)/i.test(entry.name))
    .map((entry) => readFileSync(join(folder, entry.name), 'utf8').trim());
  if (texts.length === 0) {
    if (license === undefined) throw new Error(`${name} does not say what its licence is.`);
    const by = typeof author === 'object' ? author.name : author;
    texts.push(by === undefined ? 'The package brings no text of its licence.' : `Copyright ${by}`);
  }
  return `${name} ${version} (${license ?? 'see below'})\n\n${texts.join('\n\n')}\n`;
}
