/** Offers Deno's kernel where a `deno` is on PATH: it brings one, but installs no kernelspec by itself. */
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { KernelSpec } from './kernelspecs.js';

/** @param path  PATH of the server */
export async function denoSpec(path: string): Promise<KernelSpec | undefined> {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const deno = join(folder, 'deno');
    const isThere = await access(deno, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    return {
      name: 'deno',
      displayName: 'Deno',
      language: 'typescript',
      argv: [deno, 'jupyter', '--kernel', '--conn', '{connection_file}'],
      // Without it results are full of escape sequences; and a kernel has no business asking for updates.
      env: { NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
      // SIGINT ends it.
      interruptMode: 'message',
      metadata: {},
    };
  }
  return undefined;
}
