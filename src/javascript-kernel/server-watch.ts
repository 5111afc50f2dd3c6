/** Tells when the server that started this kernel is gone, so that no kernel outlives it (ipykernel's JPY_PARENT_PID). */

/** How often it looks, in ms. */
const interval = 1000;

/**
 * @param serverPid  from `JPY_PARENT_PID`; undefined or `1` (a container's first process): only the parent counts
 * @returns stops watching
 */
export function watchServer(serverPid: string | undefined, gone: () => void): () => void {
  if (serverPid === undefined) return () => {};
  const pid = Number(serverPid);
  const parent = process.ppid;
  const timer = setInterval(() => {
    // A process whose parent ends gets another parent.
    if (process.ppid === parent && (!(pid > 1) || isAlive(pid))) return;
    clearInterval(timer);
    gone();
  }, interval);
  return () => clearInterval(timer);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: there, but somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
