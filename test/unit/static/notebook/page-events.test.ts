/** Clicks in the grey around the cells, and what is said of files that were dropped in vain. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NotebookState } from '../../../../src/notebook/notebook-state.js';
import type { Operation } from '../../../../src/notebook/operations.js';
import type { Cell } from '../../../../src/notebook/types.js';
import type { NotebookContext } from '../../../../static/notebook/notebook-context.js';
import { listenToPage, whyNotDropped } from '../../../../static/notebook/page-events.js';

const text: Cell = { id: 'a', cell_type: 'markdown', source: '', metadata: {} };

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

it.each([
  [
    'text, with the picture of it that Excel and Word put beside',
    { plain: 'a\tb', html: '<td>a' },
    'insert-cell',
  ],
  ['a picture of a web page', { html: '<img>' }, 'set-attachments'],
  ['a file, with its name', { plain: 'p.png' }, 'set-attachments'],
] as const)('takes what is pasted for what it is: %s', async (_what, texts, op) => {
  const page = Object.assign(new EventTarget(), { querySelector: () => null });
  vi.stubGlobal('document', page);
  const cells = new FakeElement();
  const performed: Operation[] = [];
  const notebook = {
    scroller: new FakeElement(),
    canEdit: true,
    view: NotebookState.fromCells({}, [text]),
    selection: { mode: 'command', current: 'a', cells: ['a'] },
    clipboard: { take: () => [text] },
    perform: (ops: Operation[]) => performed.push(...ops),
    select: () => undefined,
  };
  listenToPage(notebook as unknown as NotebookContext, cells as unknown as HTMLElement, () => undefined);
  const clipboardData = {
    items: [{ kind: 'file', type: 'image/png' }],
    files: [new File(['p'], 'p.png', { type: 'image/png' })],
    getData: (type: string) => (texts as Record<string, string>)[type.slice('text/'.length)] ?? '',
  };
  page.dispatchEvent(Object.assign(new Event('paste', { cancelable: true }), { clipboardData }));
  await vi.waitUntil(() => performed.length > 0);
  expect(performed[0]?.op).toBe(op);
});

it.each<[string, Cell, boolean, boolean, string]>([
  ['a read-only notebook', text, false, true, 'notebook cannot be changed'],
  ['a locked cell', { ...text, metadata: { editable: false } }, true, true, '"editable": false'],
  ['another type of cell', { ...text, cell_type: 'raw' }, true, true, 'into markdown cells'],
  ['another type of file', text, false, false, 'uploaded on the dashboard'],
])('says of a file dropped on %s why it is not taken', (_what, cell, canEdit, hasPicture, reason) => {
  expect(whyNotDropped(cell, canEdit, hasPicture)).toContain(reason);
});
