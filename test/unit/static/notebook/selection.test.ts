import { describe, expect, it } from 'vitest';
import { Selection } from '../../../../static/notebook/selection.js';

function make(ids: string[]) {
  let changes = 0;
  const order = { ids, indexOf: (id: string) => ids.indexOf(id) };
  const selection = new Selection(
    () => order,
    () => changes++,
  );
  return { selection, changes: () => changes };
}

describe('the selection of cells', () => {
  it('extends in both directions from where it began', () => {
    const { selection } = make(['a', 'b', 'c', 'd']);
    selection.select('b');
    selection.extendTo('d');
    expect(selection.cells).toEqual(['b', 'c', 'd']);
    selection.extendTo('a');
    expect(selection.cells).toEqual(['a', 'b']);
    expect(selection.current).toBe('a');
  });

  it('is one cell in edit mode', () => {
    const { selection } = make(['a', 'b', 'c']);
    selection.selectAll();
    expect(selection.cells).toEqual(['a', 'b', 'c']);
    selection.setMode('edit');
    expect(selection.cells).toEqual(['c']);
    expect(selection.mode).toBe('edit');
  });

  it('tells only of real changes', () => {
    const { selection, changes } = make(['a']);
    selection.select('a');
    selection.select('a');
    selection.setMode('command');
    expect(changes()).toBe(1);
  });

  it('survives that a cell is gone', () => {
    const ids = ['a', 'b'];
    const { selection } = make(ids);
    selection.select('a');
    selection.extendTo('b');
    ids.shift();
    expect(selection.cells).toEqual(['b']);
    ids.shift();
    expect(selection.cells).toEqual([]);
  });
});
