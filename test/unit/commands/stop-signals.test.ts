import { describe, expect, it } from 'vitest';
import { isYes } from '../../../src/commands/stop-signals.js';

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
