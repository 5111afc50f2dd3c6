import { describe, expect, it } from 'vitest';
import {
  exitModel,
  exitReason,
  isPortClash,
  launchFailure,
  silenceReason,
} from '../../../src/kernels/exit-reason.js';

const facts = (code: number | null, signal: NodeJS.Signals | null, output = '') => ({
  code,
  signal,
  output,
  errors: output,
});

describe('exitReason', () => {
  it.each([
    [facts(0, null, 'bye'), 'The kernel ended by itself.'],
    [facts(3, null), 'The kernel ended with exit code 3.'],
    [
      facts(1, null, 'a\n\u001b[31mboom\u001b[0m\n\n'),
      'The kernel ended with exit code 1. Its last words: boom',
    ],
    [
      facts(1, null, 'Traceback\n  File "x"\nValueError: no\n\nNode.js v20\n'),
      'The kernel ended with exit code 1. Its last words: ValueError: no',
    ],
    [facts(1, null, '0.00s - Debugger warning\n0.00s - more'), 'The kernel ended with exit code 1.'],
    [
      facts(3, null, 'boom\nWaiting for the debugger to disconnect...\n'),
      'The kernel ended with exit code 3. Its last words: boom',
    ],
    [
      facts(null, 'SIGKILL'),
      'The kernel was killed (SIGKILL); often this means that the machine had no memory left.',
    ],
    [
      { ...facts(null, 'SIGKILL'), outOfMemory: true, peak: 3_210_000_000 },
      'The kernel was killed because there was no memory left. The most memory it was seen with was 3.2 GB. ' +
        'Work on less data at once, or on a machine with more memory.',
    ],
    [
      { ...facts(null, 'SIGKILL'), peak: 210_400_000 },
      'The kernel was killed (SIGKILL); often this means that the machine had no memory left. ' +
        'The most memory it was seen with was 210 MB.',
    ],
    // A shell that started the kernel tells the signal of its child.
    [
      { ...facts(137, null), outOfMemory: true },
      'The kernel was killed because there was no memory left. ' +
        'Work on less data at once, or on a machine with more memory.',
    ],
    [{ ...facts(3, null), wasBusy: true }, 'The kernel ended with exit code 3. A cell was running.'],
    [{ ...facts(3, null), outOfMemory: true }, 'The kernel ended with exit code 3.'],
    [facts(null, 'SIGTERM'), 'The kernel was ended by SIGTERM.'],
    [facts(null, 'SIGINT'), 'The kernel was ended by SIGINT.'],
    [
      { ...facts(0, null), wasInterrupted: true },
      'The kernel ended when it was interrupted: it does not know how to stop only its cell.',
    ],
    [{ ...facts(3, null), wasInterrupted: true }, 'The kernel ended with exit code 3.'],
    [
      facts(null, 'SIGSEGV', 'Fatal Python error: Segmentation fault'),
      'The kernel crashed by a segmentation fault (SIGSEGV); often this is an error in a compiled library that it used. ' +
        'Its last words: Fatal Python error: Segmentation fault',
    ],
    [
      facts(1, null, '/usr/bin/python: No module named ipykernel_launcher\n'),
      '/usr/bin/python has no ipykernel, which it needs to run notebooks. ' +
        'Install it with: /usr/bin/python -m pip install ipykernel',
    ],
    [
      facts(1, null, 'zmq.error.ZMQError: Address already in use (addr=...)'),
      'Another program took a port that was meant for the kernel.',
    ],
    // Once it had answered, that was a server which a cell wanted to start.
    [
      { ...facts(1, null, 'OSError: [Errno 98] Address already in use'), wasReady: true },
      'The kernel ended with exit code 1. Its last words: OSError: [Errno 98] Address already in use',
    ],
    [
      { ...facts(1, null, "No module named 'ipykernel'"), wasReady: true },
      "The kernel ended with exit code 1. Its last words: No module named 'ipykernel'",
    ],
  ])('%j: %s', (given, sentence) => {
    expect(exitReason(given, '/usr/bin/python')).toBe(sentence);
  });

  it('keeps a quote short', () => {
    expect(exitReason(facts(1, null, 'x'.repeat(5000)), 'k').length).toBeLessThan(400);
  });
});

it('exitModel holds the last lines of stderr without control characters', () => {
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`);
  const errors = `${lines.join('\n')}\n\n\u001b[31m${'x'.repeat(900)}\u001b[0m\u0007\n`;
  const model = exitModel({ ...facts(null, 'SIGKILL'), errors, wasBusy: true, peak: 5 });
  expect(model).toMatchObject({
    code: null,
    signal: 'SIGKILL',
    was_busy: true,
    out_of_memory: false,
    peak_memory: 5,
  });
  expect(model.stderr).toHaveLength(20);
  expect(model.stderr[0]).toBe('line 11');
  expect(model.stderr[19]).toBe(`${'x'.repeat(500)}…`);
});

it('silenceReason quotes what the kernel said instead of an answer', () => {
  expect(silenceReason(60_000, 'loading\nstill loading\n')).toBe(
    'The kernel did not answer within 60 seconds of its start (kernel_info_timeout). Its last words: still loading',
  );
});

it('isPortClash knows the words of Python and Node', () => {
  expect(isPortClash({ output: 'ZMQError: Address already in use' })).toBe(true);
  expect(isPortClash({ output: 'listen EADDRINUSE' })).toBe(true);
  expect(isPortClash({ output: 'listen EADDRINUSE', wasReady: true })).toBe(false);
  expect(isPortClash({ output: 'ValueError' })).toBe(false);
});

it.each([
  ['ENOENT', /was not found/],
  ['EACCES', /may not be executed/],
  ['E2BIG', /could not be started/],
])('launchFailure explains %s', (code, sentence) => {
  expect(launchFailure(Object.assign(new Error('spawn'), { code }), 'k')).toMatch(sentence);
});
