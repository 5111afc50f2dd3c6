import { describe, expect, it } from 'vitest';

import { LoginThrottle } from '../../../src/auth/throttle.js';

function clock(): { now: () => number; pass(seconds: number): void } {
  let time = 1_000_000;
  return { now: () => time, pass: (seconds) => void (time += seconds * 1000) };
}

function wrong(throttle: LoginThrottle, address: string, times: number): void {
  for (let i = 0; i < times; i++) expect(throttle.attempt(address).allowed).toBe(true);
}

describe('LoginThrottle', () => {
  it('gives ten free tries, then waits that double up to a minute', () => {
    const { now, pass } = clock();
    const throttle = new LoginThrottle({ now });
    wrong(throttle, '10.0.0.1', 10);
    for (const wait of [1, 2, 4, 8, 16, 32, 60, 60]) {
      expect(throttle.attempt('10.0.0.1')).toEqual({ allowed: false, retryAfter: wait });
      pass(wait);
      wrong(throttle, '10.0.0.1', 1);
    }
  });

  it('counts tries that are still being checked', () => {
    const throttle = new LoginThrottle({ now: clock().now });
    const many = Array.from({ length: 1000 }, () => throttle.attempt('10.0.0.1'));
    expect(many.filter(({ allowed }) => allowed)).toHaveLength(10);
  });

  it('begins anew after a right password', () => {
    const throttle = new LoginThrottle({ now: clock().now });
    wrong(throttle, '10.0.0.1', 9);
    const right = throttle.attempt('10.0.0.1');
    if (!right.allowed) throw new Error('the tenth try is free');
    right.succeeded();
    wrong(throttle, '10.0.0.1', 10);
  });

  it('takes one try back without forgetting those before it', () => {
    const throttle = new LoginThrottle({ now: clock().now });
    wrong(throttle, '10.0.0.1', 9);
    for (let i = 0; i < 3; i++) {
      const other = throttle.attempt('10.0.0.1');
      if (!other.allowed) throw new Error('the tenth try is free');
      other.takeBack();
    }
    wrong(throttle, '10.0.0.1', 1);
    expect(throttle.attempt('10.0.0.1').allowed).toBe(false);
  });

  it('does not make one address wait for another', () => {
    const throttle = new LoginThrottle({ now: clock().now });
    wrong(throttle, '10.0.0.1', 10);
    expect(throttle.attempt('10.0.0.1').allowed).toBe(false);
    expect(throttle.attempt('10.0.0.2').allowed).toBe(true);
  });

  it('counts all loopback addresses as one', () => {
    const throttle = new LoginThrottle({ now: clock().now });
    for (let i = 0; i < 10; i++) wrong(throttle, `127.${i}.0.${i + 1}`, 1);
    expect(throttle.attempt('127.200.3.4').allowed).toBe(false);
    expect(throttle.attempt('128.0.0.1').allowed).toBe(true);
  });

  it('counts a /64 of IPv6 as one', () => {
    const throttle = new LoginThrottle({ now: clock().now });
    for (let i = 0; i < 10; i++) wrong(throttle, `2001:db8:0:1::${i + 1}`, 1);
    expect(throttle.attempt('2001:db8::1:ffff:0:0:9').allowed).toBe(false);
    expect(throttle.attempt('2001:db8:0:2::1').allowed).toBe(true);
  });

  it('slows many addresses down together, but not the owner', () => {
    const { now } = clock();
    const throttle = new LoginThrottle({ now, freeOverall: 30 });
    const home = throttle.attempt('192.0.2.1');
    if (!home.allowed) throw new Error('the first try is free');
    home.succeeded();
    for (let i = 0; i < 30; i++) wrong(throttle, `10.0.1.${i}`, 1);
    expect(throttle.attempt('10.0.2.1').allowed).toBe(false);
    expect(throttle.attempt('192.0.2.1').allowed).toBe(true);
    for (const local of ['127.0.0.1', '::1', 'unix']) expect(throttle.attempt(local).allowed).toBe(true);
  });

  it('forgets after an hour of quiet', () => {
    const { now, pass } = clock();
    const throttle = new LoginThrottle({ now });
    wrong(throttle, '10.0.0.1', 10);
    pass(3601);
    wrong(throttle, '10.0.0.1', 10);
  });

  it('does not grow with the number of addresses', () => {
    const { now, pass } = clock();
    const throttle = new LoginThrottle({ now, freeOverall: Infinity });
    wrong(throttle, '10.255.0.1', 10);
    for (let i = 0; i < 10_001; i++) {
      throttle.attempt(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    }
    pass(0);
    // The oldest has been dropped: it is free again, which costs an attacker 10,000 addresses.
    expect(throttle.attempt('10.255.0.1').allowed).toBe(true);
  });
});
