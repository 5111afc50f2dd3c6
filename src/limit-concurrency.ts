/** Lets at most so many asynchronous tasks run at once; the others wait in order. */

export function limitConcurrency(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];

  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      // The place passes to the next in line, so `running` only falls when nobody waits.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
