/** Stops a server that nobody uses, when its owner wants that (`shutdown_no_activity_timeout`). */
import type { Log } from '../log.js';

export interface IdleStopOptions {
  /** seconds */
  timeout: number;
  /** kernels that run, terminals, open notebooks: with any of them the server is in use */
  inUse(): boolean;
  lastActivity(): Date;
  stop(): void;
  log: Log;
}

/** Seconds between looks (Jupyter's), at most. */
const longestInterval = 60;

export function stopWhenIdle(options: IdleStopOptions): { close(): void } {
  const { timeout, inUse, lastActivity, stop, log } = options;
  let lastUse = Date.now();
  const timer = setInterval(
    () => {
      if (inUse()) lastUse = Date.now();
      const idle = (Date.now() - Math.max(lastUse, lastActivity().getTime())) / 1000;
      if (idle < timeout) return;
      clearInterval(timer);
      log.info(
        `The server stops: nobody used it for ${Math.round(idle)} seconds (shutdown_no_activity_timeout).`,
      );
      stop();
    },
    Math.min(longestInterval, timeout) * 1000,
  );
  timer.unref();
  return { close: () => clearInterval(timer) };
}
