/** The server's clock as this page knows it: times of runs and saves are the server's, and clocks differ. */

/** milliseconds that the server's clock is ahead of this machine's */
let ahead = 0;

/** @param now  what the server's clock showed just now, milliseconds since 1970 */
export function serverClockShows(now: number): void {
  ahead = now - Date.now();
}

/** Milliseconds since 1970 by the server's clock. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** A time of the server by the clock of this machine, which the person looks at. */
export function hereAt(serverTime: number): Date {
  return new Date(serverTime - ahead);
}
