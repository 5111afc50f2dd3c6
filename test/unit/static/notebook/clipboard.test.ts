/** What outputs that are still fetched may do to the system clipboard: nothing, once something else may be on it. */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cell } from '../../../../src/notebook/types.js';

vi.stubGlobal('window', {});
vi.resetModules();
const { CellClipboard } = await import('../../../../static/notebook/clipboard.js');
afterAll(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const cell: Cell = { id: 'a', cell_type: 'code', source: 'x', metadata: {}, outputs: [], execution_count: 1 };
const whole: Cell = { ...cell, execution_count: 2 };

describe('the clipboard of cells', () => {
  let page: EventTarget;
  let written: string[];

  beforeEach(() => {
    vi.useFakeTimers();
    page = new EventTarget();
    written = [];
    const createElement = () => ({
      attribute: '',
      setAttribute(_name: string, value: string) {
        this.attribute = value;
      },
      get outerHTML() {
        return this.attribute;
      },
    });
    vi.stubGlobal('document', Object.assign(new EventTarget(), { createElement }));
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal(
      'ClipboardItem',
      class {
        constructor(readonly data: Record<string, Blob | Promise<Blob>>) {}
      },
    );
    const write = async ([item]: { data: Record<string, Promise<Blob>> }[]) => {
      const html = await item?.data['text/html'];
      written.push((await html?.text()) ?? '');
    };
    vi.stubGlobal('navigator', { clipboard: { write } });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it.each<[string, number, () => void]>([
    ['puts the whole cells there when they have come', 1, () => undefined],
    ['leaves alone what was copied in a text', 0, () => document.dispatchEvent(new Event('copy'))],
    ['leaves alone what was cut from a text', 0, () => document.dispatchEvent(new Event('cut'))],
    ['leaves alone what may be copied in another window', 0, () => page.dispatchEvent(new Event('blur'))],
    ['does not come back after seconds', 0, () => vi.advanceTimersByTime(6000)],
  ])('%s', async (_what, times, meanwhile) => {
    const clipboard = new CellClipboard();
    let arrive: (cells: Cell[]) => void = () => undefined;
    clipboard.copy([cell], undefined, new Promise((resolve) => (arrive = resolve)));
    await settle();
    written.length = 0;
    meanwhile();
    arrive([whole]);
    await settle();
    expect(written).toEqual(Array.from({ length: times }, () => JSON.stringify([whole])));
    expect(clipboard.cells).toEqual([whole]);
  });
});

/** Blobs are read in tasks of their own. */
async function settle(): Promise<void> {
  await vi.waitFor(() => undefined);
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => process.nextTick(resolve));
}
