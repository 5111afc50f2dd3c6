import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../../src/kernels/rate-limit.js';

/** Takes `count` messages evenly over `ms`; answers how many passed and what was said. */
function run(
  limit: RateLimit,
  clock: { now: number },
  count: number,
  ms: number,
  type = 'stream',
  bytes = 100,
) {
  let passed = 0;
  const notices: string[] = [];
  for (let i = 0; i < count; i++) {
    clock.now += ms / count;
    const verdict = limit.take({ type, bytes });
    if (verdict === 'pass') passed += 1;
    else if (verdict !== 'drop') notices.push(verdict.notice);
  }
  return { passed, notices };
}
function make(messages: number, bytes: number) {
  const clock = { now: 0 };
  return { clock, limit: new RateLimit({ messages, bytes, window: 3000 }, () => clock.now) };
}

describe('RateLimit', () => {
  it('lets pass what is within the limits', () => {
    const { clock, limit } = make(1000, 1_000_000);
    expect(run(limit, clock, 5000, 6000)).toEqual({ passed: 5000, notices: [] });
  });

  it.each([
    ['messages', 100, 0, /iopub_msg_rate_limit allows \(100 messages\/s over 3 s\)/],
    ['bytes', 0, 10_000, /iopub_data_rate_limit allows \(10000 bytes\/s over 3 s\)/],
  ])(
    'drops streams over the limit of %s, and says so once with the name of the option',
    (_n, most, bytes, text) => {
      const { clock, limit } = make(most, bytes);
      const { passed, notices } = run(limit, clock, 3000, 100);
      expect(passed).toBe(300);
      expect(notices).toHaveLength(1);
      expect(notices[0]).toMatch(text);
    },
  );

  it('never drops results, displays, errors, comms or statuses', () => {
    const { clock, limit } = make(10, 10);
    run(limit, clock, 1000, 10);
    for (const type of ['display_data', 'execute_result', 'error', 'comm_msg', 'status', 'clear_output'])
      expect(limit.take({ type, bytes: 1000 })).toBe('pass');
  });

  it('lets pass again when the rate has fallen, and at once when the kernel is idle', () => {
    const { clock, limit } = make(100, 0);
    run(limit, clock, 1000, 10);
    expect(limit.take({ type: 'stream', bytes: 1 })).toBe('drop');
    clock.now += 3000;
    expect(limit.take({ type: 'stream', bytes: 1 })).toBe('pass');
    run(limit, clock, 1000, 10);
    limit.reset();
    expect(limit.take({ type: 'stream', bytes: 1 })).toBe('pass');
  });
});
