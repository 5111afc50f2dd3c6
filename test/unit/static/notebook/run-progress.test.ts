import { afterEach, describe, expect, it } from 'vitest';
import type { CellExecution, Operation } from '../../../../src/notebook/operations.js';
import { RunProgress, type FinishedRun } from '../../../../static/notebook/run-progress.js';
import { hereAt, serverClockShows, serverNow } from '../../../../static/notebook/server-clock.js';

const HOUR = 3_600_000;

describe('the progress of a run', () => {
  afterEach(() => serverClockShows(Date.now()));

  const set = (id: string, execution: Partial<CellExecution>): Operation => ({
    op: 'set-execution',
    id,
    execution: { state: 'idle', count: null, ...execution },
  });

  it.each([
    ['as this one', 0],
    ['an hour ahead', HOUR],
    ['an hour behind', -HOUR],
  ])('is timed by the clock of the server, which goes %s', (_what, ahead) => {
    serverClockShows(Date.now() + ahead);
    const progress = new RunProgress();
    const finished: FinishedRun[] = [];
    progress.onFinished((run) => finished.push(run));
    const started = serverNow() - 5000;
    progress.changed([set('a', { state: 'running', started }), set('b', { state: 'queued' })]);
    expect(progress.now.value).toEqual({ done: 0, total: 2, waiting: 1 });
    progress.changed([set('a', { status: 'ok' })]);
    expect(progress.now.value).toEqual({ done: 1, total: 2, waiting: 1 });
    progress.changed([set('b', { status: 'error' })]);
    expect(finished).toMatchObject([{ cells: 2, failed: 1 }]);
    expect(finished[0]?.time).toBeLessThan(60_000);
    expect(finished[0]?.time).toBeGreaterThanOrEqual(5000);
    expect(Math.abs(hereAt(started).getTime() - (Date.now() - 5000))).toBeLessThan(60_000);
  });
});
