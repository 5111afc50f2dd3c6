import { describe, expect, it } from 'vitest';
import { printable } from '../../../src/server/logging.js';

describe('what is logged', () => {
  it.each([
    ['a stack keeps its lines', 'Error: x\n    at y', 'Error: x\n    at y'],
    ['a tab', 'a\tb', 'a\tb'],
    ['no further line looks like one of ours', 'x\n[20:00:00] INFO: y\n', 'x\n    [20:00:00] INFO: y\n    '],
    ['nothing moves the cursor', '\u001b[2J\r\u009b31m', '\\x1b[2J\\x0d\\x9b31m'],
    ['a flood is cut', 'x'.repeat(9000), `${'x'.repeat(8000)}…`],
  ])('%s', (_what, text, expected) => expect(printable(text)).toBe(expected));
});
