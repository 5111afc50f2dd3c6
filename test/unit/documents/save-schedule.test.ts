import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SaveSchedule } from '../../../src/documents/save-schedule.js';

let saves: number[];
let takes: number;
let fails: boolean;
let schedule: SaveSchedule;
let begin: number;
let isAllowed: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  saves = [];
  takes = 0;
  fails = false;
  begin = Date.now();
  isAllowed = true;
  schedule = new SaveSchedule({
    save: async () => {
      saves.push(Date.now() - begin);
      if (takes > 0) await new Promise((resolve) => setTimeout(resolve, takes));
      if (fails) throw new Error('disk full');
    },
    mayStart: () => isAllowed,
  });
});
afterEach(() => {
  schedule.close();
  vi.useRealTimers();
});

describe('SaveSchedule', () => {
  it('saves two seconds after the last change', async () => {
    schedule.changed();
    await vi.advanceTimersByTimeAsync(1500);
    schedule.changed();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(saves).toEqual([3500]);
  });

  it('waits while it may not save by itself, and then does', async () => {
    isAllowed = false;
    schedule.changed();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(saves).toEqual([]);
    isAllowed = true;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(saves).toHaveLength(1);
  });

  it('saves every ten seconds while changes go on', async () => {
    for (let second = 0; second < 30; second += 1) {
      schedule.changed();
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(saves).toEqual([10_000, 20_000, 30_000].map((ms) => expect.closeTo(ms, -3.1) as number));
  });

  it('saves at once when a cell has run, and not when nothing changed', async () => {
    schedule.soon();
    await vi.advanceTimersByTimeAsync(5000);
    expect(saves).toEqual([]);
    schedule.changed();
    schedule.soon();
    await vi.advanceTimersByTimeAsync(1);
    expect(saves).toEqual([5000]);
  });

  it('spends a twentieth of the time on slow saves, and never two at a time', async () => {
    takes = 500;
    for (let n = 0; n < 200; n += 1) {
      schedule.changed();
      schedule.soon();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(saves).toEqual([0, 10_500]);
  });

  it('tries again after a failure, later each time', async () => {
    fails = true;
    schedule.changed();
    await vi.advanceTimersByTimeAsync(75_000);
    expect(saves).toEqual([2000, 12_000, 32_000, 72_000]);
    fails = false;
    await vi.advanceTimersByTimeAsync(80_000);
    expect(saves).toHaveLength(5);
  });

  it('stops when it is closed, or when somebody else has saved', async () => {
    schedule.changed();
    schedule.done();
    await vi.advanceTimersByTimeAsync(20_000);
    schedule.changed();
    schedule.close();
    schedule.changed();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(saves).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
