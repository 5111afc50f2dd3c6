import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { ReadAhead, ReadAheadBudget } from '../../../src/kernels/read-ahead.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it('what was passed on is let go at once, whatever waits behind it', async () => {
  const waiting = new ReadAhead(new ReadAheadBudget(1e9));
  const messages: WeakRef<Buffer>[] = [];
  for (let i = 0; i < 10; i++) {
    const message = Buffer.allocUnsafeSlow(1000);
    messages.push(new WeakRef(message));
    waiting.push(message);
  }
  for (let i = 0; i < 4; i++) waiting.shift();
  // A reference that was made or read stays strong until the end of its turn.
  await setImmediate();
  collect();
  expect(messages.map((message) => message.deref() !== undefined)).toEqual(messages.map((_, i) => i >= 4));
  expect(waiting.length).toBeGreaterThan(6000);
});

it('counts what is not at its end with what waits, until it is closed', () => {
  const budget = new ReadAheadBudget(1000);
  const waiting = new ReadAhead(budget);
  waiting.push(Buffer.alloc(100));
  expect(waiting.isTooMuch).toBe(false);
  waiting.underWay = 900;
  expect(waiting.isTooMuch).toBe(true);
  waiting.underWay = 10;
  expect([budget.used, waiting.isTooMuch]).toEqual([waiting.length + 10, false]);
  waiting.close();
  expect(budget.used).toBe(0);
});
