import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { silentLog } from '../../../src/log.js';
import { stopWhenIdle } from '../../../src/server/idle-stop.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('stops once nothing was in use and nobody asked for long enough', () => {
  let inUse = true;
  let lastActivity = new Date();
  const stop = vi.fn();
  const watch = stopWhenIdle({
    timeout: 600,
    inUse: () => inUse,
    lastActivity: () => lastActivity,
    stop,
    log: silentLog,
  });
  vi.advanceTimersByTime(3_600_000);
  expect(stop).not.toHaveBeenCalled();
  inUse = false;
  vi.advanceTimersByTime(400_000);
  lastActivity = new Date();
  vi.advanceTimersByTime(590_000);
  expect(stop).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(stop).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(3_600_000);
  expect(stop).toHaveBeenCalledTimes(1);
  watch.close();
});
