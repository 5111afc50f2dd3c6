/** Clicks in the grey around the cells. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { NotebookContext } from '../../../../static/notebook/notebook-context.js';
import { listenToPage } from '../../../../static/notebook/page-events.js';

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
