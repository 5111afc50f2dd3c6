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
