/** Clicks in the grey around the cells, and what is said of files that were dropped in vain. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Cell } from '../../../../src/notebook/types.js';
import type { NotebookContext } from '../../../../static/notebook/notebook-context.js';
import { listenToPage, whyNotDropped } from '../../../../static/notebook/page-events.js';

class FakeElement extends EventTarget {
  readonly dataset: Record<string, string> = {};
  constructor(readonly parentElement: FakeElement | null = null) {
    super();
  }
  contains(other: FakeElement | null): boolean {
    return other !== null && (other === this || this.contains(other.parentElement));
  }
  closest(): null {
    return null;
  }
}

beforeEach(() => {
  vi.stubGlobal('Element', FakeElement);
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('getSelection', () => ({ isCollapsed: true }));
});
afterEach(() => vi.unstubAllGlobals());

it.each([
  ['leaves the editor', 'scroller', 1],
  ['is no click when it began in a field of a cell', 'field', 0],
] as const)('a click around the cells %s', (_what, pressedOn, times) => {
  const scroller = new FakeElement();
  const cells = new FakeElement(scroller);
  const places = { scroller, field: new FakeElement(new FakeElement(cells)) };
  const leaveEditor = vi.fn();
  listenToPage(
    { scroller, leaveEditor } as unknown as NotebookContext,
    cells as unknown as HTMLElement,
    () => undefined,
  );
  for (const [type, target] of [
    ['mousedown', places[pressedOn]],
    ['click', scroller],
  ] as const) {
    const event = new Event(type);
    Object.defineProperty(event, 'target', { value: target });
    scroller.dispatchEvent(event);
  }
  expect(leaveEditor).toHaveBeenCalledTimes(times);
});

const text: Cell = { id: 'a', cell_type: 'markdown', source: '', metadata: {} };
it.each<[string, Cell, boolean, boolean, string]>([
  ['a read-only notebook', text, false, true, 'notebook cannot be changed'],
  ['a locked cell', { ...text, metadata: { editable: false } }, true, true, '"editable": false'],
  ['another type of cell', { ...text, cell_type: 'raw' }, true, true, 'into markdown cells'],
  ['another type of file', text, false, false, 'uploaded on the dashboard'],
])('says of a file dropped on %s why it is not taken', (_what, cell, canEdit, hasPicture, reason) => {
  expect(whyNotDropped(cell, canEdit, hasPicture)).toContain(reason);
});
