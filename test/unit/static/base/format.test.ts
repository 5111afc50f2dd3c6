import { describe, expect, it } from 'vitest';
import { dateTime, humanSize, relativeTime } from '../../../../static/base/format.js';

describe('relativeTime', () => {
  const now = Date.UTC(2026, 10, 24, 12);
  const minute = 60_000;
  const hour = 60 * minute;
  const day = 24 * hour;
  it.each([
    [0, 'seconds ago'],
    [44_000, 'seconds ago'],
    [60_000, 'a minute ago'],
    [25 * minute, '25 minutes ago'],
    [hour, 'an hour ago'],
    [5 * hour, '5 hours ago'],
    [day, 'a day ago'],
    [3 * day, '3 days ago'],
    [30 * day, 'a month ago'],
    [90 * day, '3 months ago'],
    [365 * day, 'a year ago'],
    [800 * day, '2 years ago'],
  ])('%i ms back is "%s"', (back, words) => {
    expect(relativeTime(now - back, now)).toBe(words);
  });

  it('takes a clock that is slightly ahead for now, and says so when it is far ahead', () => {
    expect(relativeTime(now + 5_000, now)).toBe('seconds ago');
    expect(relativeTime(now + 2 * hour, now)).toBe('in 2 hours');
  });
});

describe('humanSize', () => {
  it.each([
    [0, '0 B'],
    [583, '583 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1234, '1.23 kB'],
    [999_400, '999 kB'],
    [999_600, '1 MB'],
    [8_930_000, '8.93 MB'],
    [11_300_000, '11.3 MB'],
    [2_000_000_000_000, '2 TB'],
  ])('%i bytes are %s', (bytes, words) => {
    expect(humanSize(bytes)).toBe(words);
  });
});

it('dateTime is sortable and in local time', () => {
  expect(dateTime(new Date(2026, 0, 2, 3, 4).getTime())).toBe('2026-01-02 03:04');
});
