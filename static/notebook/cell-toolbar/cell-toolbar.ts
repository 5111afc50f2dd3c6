/**
 * View ▸ Cell Toolbar: a strip above each cell for its metadata, raw format, slide type, attachments or tags. Which one is
 * shown stands in the notebook's metadata (`celltoolbar`), as the classic notebook has it.
 */
import type { NotebookState } from '../../../src/notebook/notebook-state.js';
import type { Operation } from '../../../src/notebook/operations.js';
import type { Cell, CellId, JsonObject } from '../../../src/notebook/types.js';
import { promptDialog } from '../../base/dialog.js';
import { editAttachments } from './attachments-dialog.js';
import { editMetadata } from './metadata-dialog.js';
import type { ToolbarKind } from './names.js';
import { tagsStrip } from './tags-strip.js';

export interface ToolbarHost {
  readonly view: NotebookState;
  readonly canEdit: boolean;
  perform(ops: readonly Operation[]): void;
}

/** The strip of one cell; undefined when this kind has nothing for it. */
export function cellToolbar(kind: ToolbarKind, cell: Cell, host: ToolbarHost): HTMLElement | undefined {
  const content = makers[kind](cell, host);
  if (content === undefined) return undefined;
  const strip = document.createElement('div');
  strip.className = 'cell-toolbar';
  strip.append(...content);
  return strip;
}

type Maker = (cell: Cell, host: ToolbarHost) => HTMLElement[] | undefined;

const RAW_FORMATS: readonly (readonly [label: string, mime: string])[] = [
  ['None', ''],
  ['LaTeX', 'text/latex'],
  ['reStructuredText', 'text/restructuredtext'],
  ['HTML', 'text/html'],
  ['Markdown', 'text/markdown'],
  ['Python', 'text/x-python'],
];
const CUSTOM = '(custom)';

const SLIDE_TYPES: readonly (readonly [label: string, value: string])[] = [
  ['-', ''],
  ['Slide', 'slide'],
  ['Sub-Slide', 'subslide'],
  ['Fragment', 'fragment'],
  ['Skip', 'skip'],
  ['Notes', 'notes'],
];

const makers: Record<ToolbarKind, Maker> = {
  'Edit Metadata': (cell, host) => [button('Edit Metadata', () => editMetadata(host, cell.id))],
  Attachments: (cell, host) => {
    const count = Object.keys(cell.attachments ?? {}).length;
    return count === 0 ? undefined : [button(`Attachments (${count})`, () => editAttachments(host, cell.id))];
  },
  Tags: (cell, host) => tagsStrip(cell, host),
  Slideshow: (cell, host) => {
    const slideshow = cell.metadata['slideshow'];
    const type = isObject(slideshow) ? slideshow['slide_type'] : undefined;
    return choice('Slide type', SLIDE_TYPES, typeof type === 'string' ? type : '', host, (value) => {
      const { slideshow: old, ...rest } = metadataOf(host, cell.id);
      const { slide_type: _old, ...others } = isObject(old) ? old : {};
      const next = value === '' ? others : { ...others, slide_type: value };
      const keep = Object.keys(next).length > 0;
      set(host, cell.id, keep ? { ...rest, slideshow: next } : rest);
    });
  },
  'Raw Cell Format': (cell, host) => {
    if (cell.cell_type !== 'raw') return undefined;
    // `format` is the older name of the same
    const mime = cell.metadata['raw_mimetype'] ?? cell.metadata['format'];
    const value = typeof mime === 'string' ? mime : '';
    const known = RAW_FORMATS.some(([, each]) => each === value);
    const options = known ? RAW_FORMATS : [...RAW_FORMATS, [value, value] as const];
    return choice('Raw NBConvert format', [...options, ['Custom…', CUSTOM]], value, host, (chosen) => {
      const setType = (type: string) => {
        const { raw_mimetype: _mime, format: _format, ...rest } = metadataOf(host, cell.id);
        set(host, cell.id, type === '' ? rest : { ...rest, raw_mimetype: type });
      };
      if (chosen === CUSTOM) void askType(value).then((type) => setType(type ?? value));
      else setType(chosen);
    });
  },
};

function choice(
  name: string,
  options: readonly (readonly [label: string, value: string])[],
  value: string,
  host: ToolbarHost,
  onChange: (value: string) => void,
): HTMLElement[] {
  const label = document.createElement('label');
  const select = document.createElement('select');
  select.className = 'select';
  select.disabled = !host.canEdit;
  for (const [text, each] of options) {
    const option = document.createElement('option');
    option.value = each;
    option.textContent = text;
    select.append(option);
  }
  select.value = value;
  select.addEventListener('change', () => onChange(select.value));
  label.append(`${name} `, select);
  return [label];
}

async function askType(value: string): Promise<string | undefined> {
  const type = await promptDialog({
    title: 'Format of the raw cell',
    label: 'MIME type of the text, for example text/x-rst:',
    value,
  });
  return type?.trim();
}

function button(text: string, run: () => unknown): HTMLElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = 'button';
  element.textContent = text;
  element.addEventListener('click', () => void run());
  return element;
}

function metadataOf(host: ToolbarHost, id: CellId): JsonObject {
  return host.view.cell(id)?.cell.metadata ?? {};
}

function set(host: ToolbarHost, id: CellId, metadata: JsonObject): void {
  host.perform([{ op: 'set-metadata', id, metadata }]);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
