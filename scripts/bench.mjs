// `npm run bench`: runs us beside the peers that are installed here, on the same work, and prints ratios.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, checkNode, installPackages, root } from './setup.mjs';

checkNode();
installPackages();
await build();
const done = spawnSync(process.execPath, [join(root, 'test/bench/bench.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(done.status ?? 1);
