/** Unit tests run from the sources: what those need that is compiled is made first, when it is out of date. */
import { rmSync } from 'node:fs';
import { compileNotebookSchemas } from '../scripts/notebook-schemas.mjs';
import { packageFile } from '../src/package-files.js';

export default async function setup(): Promise<() => void> {
  await compileNotebookSchemas();
  // What the processes that run the tests have bundled in there.
  const cache = packageFile('node_modules', '.cache', `unit-tests-${process.pid}`);
  return () => rmSync(cache, { recursive: true, force: true });
}
