import { describe, expect, it } from 'vitest';
import { SeenStates } from '../../../src/documents/seen-states.js';
import { NotebookState } from '../../../src/notebook/notebook-state.js';

/** `a:1 b:2`: cells by id and source. */
const notebook = (text: string) =>
  NotebookState.fromCells(
    {},
    text
      .split(' ')
      .map((cell) => cell.split(':'))
      .map(([id = '', source = '']) => ({ id, cell_type: 'raw' as const, source, metadata: {} })),
  );

describe('the state that a client started from', () => {
  it.each([
    ['the last, when it changed a little', ['a:1', 'a:1 b:2 c:3'], 'a:1 b:9 c:3', 1],
    ['an earlier one, when that is nearer', ['a:1 b:2', 'a:1 b:2 c:3 d:4'], 'a:1 b:9', 0],
    [
      'the last, when everything is new, however small an earlier one was',
      ['a:1', 'b:1 c:2 d:3'],
      'x:1 y:2',
      1,
    ],
    ['the very one that it sends back', ['a:1', 'a:2', 'a:3'], 'a:2', 1],
  ])('is %s', (_what, seen, sent, expected) => {
    const states = new SeenStates();
    const all = seen.map(notebook);
    for (const state of all) states.note(state);
    expect(states.baseOf(notebook(sent))).toBe(all[expected]);
  });

  it('is what it sent last, also when that is undone', () => {
    const states = new SeenStates();
    const [read, sent] = [notebook('a:1 b:2'), notebook('a:1 b:2 c:3')];
    states.note(read);
    states.note(sent, states.baseOf(sent));
    expect(states.baseOf(notebook('a:1 b:2'))).toBe(sent);
  });

  it('is unknown before any was seen', () => {
    expect(new SeenStates().baseOf(notebook('a:1'))).toBeUndefined();
  });
});
