/** Which real parts this machine has. A group of tests that lacks one is skipped, and `npm test` says so. */
import { existsSync } from 'node:fs';

export const hasChromium = existsSync('/usr/bin/chromium');
export const hasPythonKernel = existsSync('/usr/share/jupyter/kernels/python3/kernel.json');
export const hasTqdm = existsSync('/usr/lib/python3/dist-packages/tqdm');
/** for pseudo-terminals */
export const hasPython = existsSync('/usr/bin/python3');
export const hasNginx = existsSync('/usr/sbin/nginx');
export const hasCaddy = existsSync('/usr/bin/caddy');
export const hasOpenssl = existsSync('/usr/bin/openssl');
export const hasGit = existsSync('/usr/bin/git');
export const hasCurl = existsSync('/usr/bin/curl');

/** Of kernels that `npm run test:all` uses besides Python's; names of kernelspecs. */
export const installedKernels: ReadonlySet<string> = new Set(
  ['ir', 'octave', 'xpython'].filter((name) => existsSync(`/usr/share/jupyter/kernels/${name}/kernel.json`)),
);
/** Jupyter's test-suite for kernels */
export const hasKernelTest = existsSync('/usr/lib/python3/dist-packages/jupyter_kernel_test');
/** namespaces of processes, in which a program is process 1 as in a container */
export const canBeProcessOne = existsSync('/usr/bin/unshare') && process.getuid?.() === 0;
