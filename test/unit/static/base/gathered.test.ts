import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { gathered } from '../../../../static/base/gathered.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that takes so long, and when it began. */
function work(ms: number) {
  const began: number[] = [];
  let running = 0;
  let most = 0;
  const start = Date.now();
  const ask = gathered(async () => {
    began.push(Date.now() - start);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, ms));
    running -= 1;
  });
  return { ask, began, most: () => most };
}

describe('gathered work', () => {
  it('is done once for all that comes together', async () => {
    const { ask, began } = work(10);
    for (let at = 0; at < 20; at += 1) ask();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(began).toEqual([200]);
  });

  it('comes to its end and rests, however often it is asked for', async () => {
    const { ask, began, most } = work(1_000);
    for (let at = 0; at < 100; at += 1) {
      ask();
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(most()).toBe(1);
    expect(began.slice(0, 3)).toEqual([200, 4_200, 8_200]);
    expect(began.length, 'what was asked for in the last run is done').toBe(4);
  });

  it('goes on after a failure', async () => {
    let calls = 0;
    const ask = gathered(async () => {
      calls += 1;
      throw new Error('no server');
    });
    ask();
    await vi.advanceTimersByTimeAsync(300);
    ask();
    await vi.advanceTimersByTimeAsync(300);
    expect(calls).toBe(2);
  });
});
