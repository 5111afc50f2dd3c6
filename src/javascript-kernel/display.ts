/** `display(value)` and its relatives: rich output from a cell, and changing it later. */
import { randomUUID } from 'node:crypto';
import type { MimeBundle } from '../protocol/kernel-messages.js';
import { tableBundle } from './html-table.js';
import { mimeBundle } from './mime-bundle.js';
import type { PublishType } from './thread-messages.js';

/** Sends an iopub message under the cell that the running code belongs to. */
export type Publish = (type: PublishType, content: Record<string, unknown>) => void;

export interface DisplayOptions {
  /** Names this output: `display(other, {id, update: true})` replaces it, in every cell that shows it. */
  id?: string;
  update?: boolean;
  /** the value is a MIME bundle already */
  raw?: boolean;
  /** per MIME type, for example `{'image/png': {width: 300}}` */
  metadata?: Record<string, unknown>;
}

/** What `display` returns; as the value of a cell it shows nothing more. */
export class DisplayHandle {
  readonly id: string;
  readonly #show: (value: unknown, options: DisplayOptions) => void;

  constructor(id: string, show: (value: unknown, options: DisplayOptions) => void) {
    this.id = id;
    this.#show = show;
  }

  /** Replaces what is shown. */
  update(value: unknown, options: DisplayOptions = {}): this {
    this.#show(value, { ...options, id: this.id, update: true });
    return this;
  }
}

type Shortcut = (text: unknown, ...rest: unknown[]) => DisplayHandle;
export interface Display {
  (value: unknown, options?: DisplayOptions): DisplayHandle;
  html: Shortcut;
  svg: Shortcut;
  markdown: Shortcut;
  latex: Shortcut;
  javascript: Shortcut;
  png: Shortcut;
  jpeg: Shortcut;
  json: (value: unknown, options?: DisplayOptions) => DisplayHandle;
  /** Rows as a table: objects, lists or values; `columns` chooses and orders. */
  table: (rows: unknown, options?: DisplayOptions & { columns?: string[] }) => DisplayHandle;
  /** Removes the cell's output, now or (`wait`) when the next output comes. */
  clear: (options?: { wait?: boolean }) => void;
}

const textTypes = {
  html: 'text/html',
  svg: 'image/svg+xml',
  markdown: 'text/markdown',
  latex: 'text/latex',
  javascript: 'application/javascript',
} as const;
const pictureTypes = { png: 'image/png', jpeg: 'image/jpeg' } as const;

export function createDisplay(publish: Publish, colors: boolean): Display {
  const send = (data: MimeBundle, options: DisplayOptions) => {
    publish(options.update ? 'update_display_data' : 'display_data', {
      data,
      metadata: options.metadata ?? {},
      transient: { display_id: options.id },
    });
  };
  const show = (value: unknown, options: DisplayOptions) => {
    const bundle = mimeBundle(
      options.raw ? { _repr_mimebundle_: () => value } : value,
      colors && !options.raw,
    );
    // A hook that returns a promise is shown when it is there; where it fails, the rejection goes to its cell.
    if (bundle instanceof Promise) void bundle.then((data) => send(data, options));
    else send(bundle, options);
  };
  const display = (value: unknown, options: DisplayOptions = {}): DisplayHandle => {
    const id = options.id ?? randomUUID();
    show(value, { ...options, id });
    return new DisplayHandle(id, show);
  };
  const as = (data: MimeBundle, text: string, options: DisplayOptions) =>
    display({ ...data, 'text/plain': text }, { ...options, raw: true });

  const shortcuts: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(textTypes)) {
    shortcuts[name] = (text: unknown, ...rest: unknown[]) => {
      const { source, options } = templateOrText(text, rest);
      return as({ [type]: source }, shortened(source), options);
    };
  }
  for (const [name, type] of Object.entries(pictureTypes)) {
    shortcuts[name] = (bytes: unknown, options: DisplayOptions = {}) =>
      as({ [type]: base64(bytes, name) }, `<${name} image>`, options);
  }
  shortcuts.json = (value: unknown, options: DisplayOptions = {}) =>
    as({ 'application/json': value }, JSON.stringify(value, null, 2), options);
  shortcuts.table = (rows: unknown, { columns, ...options }: DisplayOptions & { columns?: string[] } = {}) =>
    display(tableBundle(rows, columns), { ...options, raw: true });
  shortcuts.clear = (options: { wait?: boolean } = {}) =>
    publish('clear_output', { wait: options.wait === true });
  return Object.assign(display, shortcuts) as unknown as Display;
}

/** Both ``display.html`<b>${x}</b>` `` and `display.html('<b>…</b>', options)`. */
function templateOrText(text: unknown, rest: unknown[]): { source: string; options: DisplayOptions } {
  if (Array.isArray(text) && 'raw' in text) {
    return { source: String.raw({ raw: text as string[] }, ...rest), options: {} };
  }
  return { source: String(text), options: (rest[0] as DisplayOptions | undefined) ?? {} };
}

function base64(bytes: unknown, name: string): string {
  if (typeof bytes === 'string') return bytes;
  if (bytes instanceof ArrayBuffer) return Buffer.from(bytes).toString('base64');
  if (bytes instanceof Uint8Array) return Buffer.from(bytes).toString('base64');
  throw new TypeError(`display.${name} takes a Buffer, a Uint8Array or base64 text`);
}

function shortened(text: string): string {
  return text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
}
