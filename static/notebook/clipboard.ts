/**
 * Cells on the clipboard: kept by the page and told to the other notebooks that are open in this browser, the later
 * opened ones too; and put on the system clipboard as text with the cells inside, for other browsers and servers.
 */
import type { Cell } from '../../src/notebook/types.js';

const channel = 'BroadcastChannel' in window ? new BroadcastChannel('nbserver.cells') : undefined;
/** What a page that was opened later says, to hear what was copied before. */
const ASK = 'which cells were copied?';
/** The attribute that holds the cells in `text/html`. Browsers keep attributes of pasted HTML when we read it ourselves. */
const ATTRIBUTE = 'data-nbserver-cells';
/** Milliseconds that outputs may take on their way to the system clipboard: later, they would be a surprise there. */
const PATIENCE = 5000;

export class CellClipboard {
  #cells: readonly Cell[] = [];
  /** of what is on the system clipboard, as far as this page can know: something else may be copied in another window */
  #generation = 0;

  constructor() {
    const other = () => void (this.#generation += 1);
    for (const name of ['copy', 'cut']) document.addEventListener(name, other, true);
    addEventListener('blur', other);
    channel?.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (event.data === ASK) {
        if (this.#cells.length > 0) channel.postMessage(this.#cells);
      } else if (isCells(event.data)) {
        this.#cells = event.data;
      }
    });
    channel?.postMessage(ASK);
  }

  get isEmpty(): boolean {
    return this.#cells.length === 0;
  }

  /** The cells that were copied last, here or in another tab. They have their old ids. */
  get cells(): readonly Cell[] {
    return this.#cells;
  }

  /**
   * @param cells     as far as they are known
   * @param transfer  of a `copy` event, which needs no permission; otherwise the system clipboard is asked
   * @param whole     the same cells with outputs that have to be fetched, for which other servers cannot ask this one
   */
  copy(cells: readonly Cell[], transfer?: DataTransfer | null, whole?: Promise<readonly Cell[]>): void {
    this.#take(cells);
    const text = cells.map((cell) => cell.source).join('\n\n');
    const html = asHtml(cells, text);
    if (transfer != null) {
      transfer.setData('text/plain', text);
      transfer.setData('text/html', html);
    } else {
      writeToSystem(text, html);
    }
    if (whole === undefined) return;
    const copied = this.#cells;
    const generation = (this.#generation += 1);
    const complete = whole.then((all) => {
      if (this.#cells !== copied) throw new Error('Other cells were copied meanwhile.');
      this.#take(all);
      if (this.#generation !== generation) throw new Error('Something else was copied meanwhile.');
      return asHtml(all, text);
    });
    complete.catch(() => undefined); // what is known stays on the clipboard
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('The outputs take too long for the clipboard.')), PATIENCE);
    });
    writeToSystem(text, Promise.race([complete, late]));
  }

  #take(cells: readonly Cell[]): void {
    this.#cells = structuredClone(cells);
    channel?.postMessage(this.#cells);
  }

  /** The cells in what is pasted; text that is no cells is one code cell. Remembers them. */
  take(transfer: DataTransfer): readonly Cell[] {
    const embedded = fromHtml(transfer.getData('text/html'));
    const text = transfer.getData('text/plain');
    if (embedded !== undefined) this.#cells = embedded;
    else if (text !== '') {
      const source = text.replace(/\r\n?/g, '\n').replace(/\n$/, '');
      this.#cells = [{ id: '', cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null }];
    } else return [];
    return this.#cells;
  }
}

/** Must be called while the browser still counts the person's key press; what is put there may follow. */
function writeToSystem(text: string, html: string | Promise<string>): void {
  if (typeof ClipboardItem === 'undefined') return;
  const blob = (type: string, data: string) => new Blob([data], { type });
  const item = new ClipboardItem({
    'text/plain': blob('text/plain', text),
    'text/html':
      typeof html === 'string' ? blob('text/html', html) : html.then((all) => blob('text/html', all)),
  });
  // refused without a permission or over plain http: the cells can still be pasted as cells
  void navigator.clipboard?.write([item]).catch(() => undefined);
}

function asHtml(cells: readonly Cell[], text: string): string {
  const element = document.createElement('pre');
  element.setAttribute(ATTRIBUTE, JSON.stringify(cells));
  element.textContent = text;
  return element.outerHTML;
}

function fromHtml(html: string): Cell[] | undefined {
  if (!html.includes(ATTRIBUTE)) return undefined;
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  const json = parsed.querySelector(`[${ATTRIBUTE}]`)?.getAttribute(ATTRIBUTE);
  try {
    const value: unknown = JSON.parse(json ?? '');
    return isCells(value) ? value : undefined;
  } catch {
    return undefined; // somebody else's HTML with our attribute; its text is pasted
  }
}

/** Another tab may run another version of the page. */
function isCells(value: unknown): value is Cell[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((cell: unknown) => {
      if (typeof cell !== 'object' || cell === null) return false;
      const { cell_type, source, metadata } = cell as Partial<Cell>;
      return (
        ['code', 'markdown', 'raw'].includes(cell_type ?? '') &&
        typeof source === 'string' &&
        typeof metadata === 'object' &&
        metadata !== null
      );
    })
  );
}
