/** Which real parts this machine has. A group of tests that lacks one is skipped, and `npm test` says so. */
import { existsSync } from 'node:fs';

export const hasChromium = existsSync('/usr/bin/chromium');
export const hasPythonKernel = existsSync('/usr/share/jupyter/kernels/python3/kernel.json');
/** for pseudo-terminals */
export const hasPython = existsSync('/usr/bin/python3');
export const hasNginx = existsSync('/usr/sbin/nginx');
export const hasCaddy = existsSync('/usr/bin/caddy');
export const hasOpenssl = existsSync('/usr/bin/openssl');
export const hasCurl = existsSync('/usr/bin/curl');
