/** Whether this process runs inside a container, where loopback is not the computer's own. */
import { existsSync, readFileSync } from 'node:fs';

export function isContainer(): boolean {
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) return true;
  if (process.env.container || process.env.KUBERNETES_SERVICE_HOST) return true;
  try {
    return /docker|containerd|kubepods|libpod/.test(readFileSync('/proc/1/cgroup', 'utf8'));
  } catch {
    return false; // no /proc: macOS, which runs no containers of its own
  }
}
