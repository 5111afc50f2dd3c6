// Tests a store with what the package exports for it, as its author would: node conformance.mjs FOLDER-OF-THE-EXAMPLES
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conformance, loadNotebookManager } from 'nbserver/testing';

const folder = mkdtempSync(join(tmpdir(), 'nbserver-consumer-'));
let passed = 0;
try {
  for (const example of ['memory-store.mjs', 'percent-store.mjs']) {
    for (const { name, run } of conformance()) {
      const notebook_dir = mkdtempSync(join(folder, 'store-'));
      const options = { baseDirectory: process.argv[2], options: { notebook_dir } };
      await run(await loadNotebookManager(`./${example}`, options)).catch((error) => {
        throw new Error(`${example} ${name}: ${error.message}`, { cause: error });
      });
      passed += 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`passed ${passed} checks`);
