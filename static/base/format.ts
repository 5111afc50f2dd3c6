/** Times and sizes as the classic pages write them. */

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** `seconds ago`, `25 minutes ago`, `an hour ago`, `2 days ago`, `a year ago`; both in milliseconds since 1970. */
export function relativeTime(then: number, now: number): string {
  const seconds = Math.round(Math.abs(now - then) / 1000);
  const ahead = then > now + 45_000;
  const words = duration(seconds);
  return ahead ? `in ${words}` : `${words} ago`;
}

function duration(seconds: number): string {
  if (seconds < 45) return 'seconds';
  if (seconds < 90) return 'a minute';
  if (seconds < 45 * minute) return `${Math.round(seconds / minute)} minutes`;
  if (seconds < 90 * minute) return 'an hour';
  if (seconds < 22 * hour) return `${Math.round(seconds / hour)} hours`;
  if (seconds < 36 * hour) return 'a day';
  if (seconds < 26 * day) return `${Math.round(seconds / day)} days`;
  if (seconds < 45 * day) return 'a month';
  if (seconds < 320 * day) return `${Math.round(seconds / (30.44 * day))} months`;
  if (seconds < 548 * day) return 'a year';
  return `${Math.round(seconds / (365.25 * day))} years`;
}

/** `2026-11-24 03:22`, in the reader's time zone. */
export function dateTime(time: number): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}`
  );
}

/** Bytes for people: `583 B`, `8.93 MB`, `11.3 MB`; three significant figures, powers of 1000 as the classic list. */
export function humanSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 'B';
  for (const next of units) {
    if (value < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return `${Number(value.toPrecision(3))} ${unit}`;
}
