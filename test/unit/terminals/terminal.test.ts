/** Who holds a shell back, and who no longer does. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Pty } from '../../../src/terminals/pty.js';
import { HIGH_WATER, Terminal } from '../../../src/terminals/terminal.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class Client {
  waiting = 0;
  readonly got: string[] = [];

  constructor(private readonly terminal: Terminal) {
    terminal.attach(this);
  }
  send(message: string, length: number): void {
    this.waiting += length;
    this.got.push(message);
  }
  take(length = this.waiting): void {
    this.waiting -= length;
    this.terminal.taken(this);
  }
  close(): void {}
}

function shell() {
  const terminal = new Terminal('1', '/');
  const state = { isRunning: true };
  const pty = { pause: () => (state.isRunning = false), resume: () => (state.isRunning = true) };
  terminal.start(pty as unknown as Pty);
  const print = (text: string) => {
    terminal.onData(text);
    vi.advanceTimersByTime(10);
  };
  return { terminal, state, print };
}

it('a client that takes nothing for half a minute lets the shell go on, and gets the last of it when it is back', () => {
  const { terminal, state, print } = shell();
  const phone = new Client(terminal);
  print('x'.repeat(HIGH_WATER + 1));
  vi.advanceTimersByTime(29_000);
  expect(state.isRunning).toBe(false);
  vi.advanceTimersByTime(2_000);
  expect(state.isRunning).toBe(true);
  const before = phone.got.length;
  for (let n = 0; n < 100; n += 1) print(`line ${n}${' '.repeat(10_000)}\n`);
  expect([state.isRunning, phone.got.length - before]).toEqual([true, 0]);
  phone.take();
  expect(phone.got.length - before).toBe(1);
  expect(phone.got.at(-1)).toMatch(/^\["stdout","\\u001bc.*line 99/);
  phone.take();
  print('more');
  expect(phone.got.at(-1)).toBe('["stdout","more"]');
});

it('a client that takes a part and is frozen then lets the shell go on, too', () => {
  const { terminal, state, print } = shell();
  const phone = new Client(terminal);
  print('x'.repeat(HIGH_WATER + 1));
  phone.take(HIGH_WATER / 4);
  vi.advanceTimersByTime(29_000);
  expect(state.isRunning).toBe(false);
  vi.advanceTimersByTime(32_000);
  expect(state.isRunning).toBe(true);
});

it('a client that takes little holds the shell back as long as it does', () => {
  const { terminal, state, print } = shell();
  const slow = new Client(terminal);
  print('x'.repeat(HIGH_WATER + 100));
  for (let n = 0; n < 8; n += 1) {
    vi.advanceTimersByTime(20_000);
    slow.take(1);
    expect(state.isRunning).toBe(false);
  }
  slow.take();
  expect(state.isRunning).toBe(true);
  // a quick one beside it, and the time starts anew with each flood
  const quick = new Client(terminal);
  quick.take();
  vi.advanceTimersByTime(60_000);
  print('y'.repeat(HIGH_WATER + 100));
  quick.take();
  expect(state.isRunning).toBe(true);
});
