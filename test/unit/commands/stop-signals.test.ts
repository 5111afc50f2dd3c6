import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isYes, onSignals, type Signals } from '../../../src/commands/stop-signals.js';

describe('the answer to "Shut down?"', () => {
  it.each([
    ['y', true],
    ['Yes', true],
    [' y ', true],
    ['yn', false],
    ['n', false],
    ['', false],
    ['no, y', false],
  ])('%j: %s', (answer, expected) => expect(isYes(answer)).toBe(expected));
});

describe('signals', () => {
  let signals: Signals | undefined;
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    signals?.close();
    vi.useRealTimers();
  });

  /** What was done, in order; `told`: something else stops the server. */
  function done(...came: (NodeJS.Signals | 'told' | 'soon')[]): string[] {
    const calls: string[] = [];
    signals = onSignals({
      stop: () => calls.push('stop'),
      endNow: () => calls.push('end now'),
      describe: () => calls.push('describe'),
      reload: () => calls.push('reload'),
      ask: false,
      attached: false,
      say: (line) => void (/Still stopping/.test(line) && calls.push('warn')),
    });
    let pause = 2_000;
    for (const each of came)
      if (each === 'soon') pause = 100;
      else if (each === 'told') signals.stopping();
      else {
        vi.advanceTimersByTime(pause);
        pause = 2_000;
        process.emit(each);
      }
    signals.close();
    return calls;
  }

  it.each<[(NodeJS.Signals | 'told' | 'soon')[], string[]]>([
    [['SIGTERM'], ['stop']],
    [['SIGINT'], ['stop']],
    // npm passes a Control-C on that has come already, and people press it twice
    [['SIGINT', 'soon', 'SIGINT', 'soon', 'SIGINT'], ['stop']],
    [
      ['SIGINT', 'SIGINT'],
      ['stop', 'warn'],
    ],
    [
      ['SIGINT', 'SIGINT', 'SIGINT'],
      ['stop', 'warn', 'end now'],
    ],
    [
      ['SIGTERM', 'SIGINT', 'SIGTERM'],
      ['stop', 'warn', 'end now'],
    ],
    [['told', 'SIGTERM'], ['warn']],
    [
      ['told', 'SIGTERM', 'SIGTERM'],
      ['warn', 'end now'],
    ],
    [
      ['SIGHUP', 'SIGUSR1', 'SIGTERM'],
      ['reload', 'describe', 'stop'],
    ],
  ])('%j: %j', (came, expected) => expect(done(...came)).toEqual(expected));
});
