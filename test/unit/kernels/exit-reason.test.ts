import { describe, expect, it } from 'vitest';
import { exitReason, isPortClash, launchFailure } from '../../../src/kernels/exit-reason.js';

const facts = (code: number | null, signal: NodeJS.Signals | null, output = '') => ({ code, signal, output });

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
    [facts(null, 'SIGTERM'), 'The kernel was ended by SIGTERM.'],
    [
      facts(null, 'SIGSEGV', 'Fatal Python error: Segmentation fault'),
      'The kernel crashed (SIGSEGV); often this is an error in a compiled library that it used. ' +
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
  ])('%j: %s', (given, sentence) => {
    expect(exitReason(given, '/usr/bin/python')).toBe(sentence);
  });

  it('keeps a quote short', () => {
    expect(exitReason(facts(1, null, 'x'.repeat(5000)), 'k').length).toBeLessThan(400);
  });
});

it('isPortClash knows the words of Python and Node', () => {
  expect(isPortClash('ZMQError: Address already in use')).toBe(true);
  expect(isPortClash('listen EADDRINUSE')).toBe(true);
  expect(isPortClash('ValueError')).toBe(false);
});

it.each([
  ['ENOENT', /was not found/],
  ['EACCES', /may not be executed/],
  ['E2BIG', /could not be started/],
])('launchFailure explains %s', (code, sentence) => {
  expect(launchFailure(Object.assign(new Error('spawn'), { code }), 'k')).toMatch(sentence);
});
