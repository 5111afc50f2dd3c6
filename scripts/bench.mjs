// `npm run bench`: runs us beside the peers that are installed here, on the same work, and prints ratios.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, checkNode, installPackages, root } from './setup.mjs';

checkNode();
installPackages();
await build();
// Groups may import sources: tsx reads them.
const program = ['--import', 'tsx', join(root, 'test/bench/bench.mjs')];
const done = spawnSync(process.execPath, [...program, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(done.status ?? 1);
