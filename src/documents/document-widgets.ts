/**
 * Follows the widgets of a document's kernel, whether or not a page is there: keeps their states, gives what Output widgets
 * capture to them instead of to the cell, and tells the pages what has changed.
 */
import { isOutput, joinOutput } from '../notebook/cell-format.js';
import { isNestedDeeper } from '../notebook/json-depth.js';
import { NotebookState } from '../notebook/notebook-state.js';
import { applyAll, type Operation } from '../notebook/operations.js';
import type { Output, JsonObject, JsonValue } from '../notebook/types.js';
import { parseObject, statusContent } from '../protocol/kernel-messages.js';
import type { WidgetChanges } from '../protocol/document-messages.js';
import {
  modelChange,
  type ModelChange,
  type WidgetModel,
  type WidgetState,
} from '../protocol/widget-messages.js';
import type { WireMessage } from '../protocol/wire-frames.js';
import type { DocumentPage } from './document-pages.js';
import { isPrinted, OUTPUT_MODEL, OutputCapture } from './output-capture.js';
import { OutputRecorder } from './output-recorder.js';
import { WidgetStates } from './widget-states.js';
import { WidgetUpdates } from './widget-updates.js';

export interface WidgetsPort {
  /** Those that look now: without pages nothing is put together for them. */
  pages(): Iterable<DocumentPage>;
  /** Tells the kernel what an Output widget shows, as its pages do in JupyterLab. */
  showsNow(widget: string, outputs: JsonValue): void;
  /** Whether a request is one of ours: for those of others, they tell the kernel themselves. */
  isOurs(request: string): boolean;
  /** Pages could not be told. */
  failed(error: unknown): void;
  /** ms between two messages to the pages; default 50 */
  interval?: number;
}

/** Characters above which a model is never sent unasked, and that all models in one message have together. */
const LARGE = 64_000;
const SENT_AT_ONCE = 500_000;
/** Characters of text that an Output widget keeps from the beginning and from the end of one request. */
const CAPTURED = { streamLimit: 1_000_000, tailLimit: 100_000 };
/** Characters above which the kernel is not told what an Output widget shows. */
const MOST_TOLD = 4_000_000;

export class DocumentWidgets {
  readonly #states = new WidgetStates((id) => this.#gone(id));
  readonly #capture = new OutputCapture();
  /** what Output widgets show: a cell for each, under the id of its model */
  readonly #shown = new NotebookState();
  readonly #recorder: OutputRecorder;
  /** Output widgets of which the kernel does not know what they show */
  readonly #untold = new Set<string>();
  readonly #updates: WidgetUpdates;

  constructor(private readonly port: WidgetsPort) {
    const { interval } = port;
    const pace = interval === undefined ? {} : { interval };
    this.#recorder = new OutputRecorder({
      state: () => this.#shown,
      emit: (ops) => this.#captured(ops),
      ...CAPTURED,
      ...pace,
    });
    this.#updates = new WidgetUpdates({
      pages: () => port.pages(),
      offer: (ids) => this.#offer(ids),
      failed: (error) => port.failed(error),
      ...pace,
    });
  }

  /** A message on iopub; comms also speak unasked. @returns true when it is none for the cell */
  message(type: string, parent: string | undefined, message: WireMessage): boolean {
    if (type === 'comm_open' || type === 'comm_msg' || type === 'comm_close') {
      this.#comm(type, message);
      return true;
    }
    if (parent === undefined) return false;
    if (type === 'status') this.#idle(parent, message.content);
    if (type === 'update_display_data') this.#recorder.updateDisplay(message.content);
    if (!isPrinted(type)) return false;
    const widget = this.#capture.of(parent);
    if (widget === undefined) return false;
    const run = `${widget} ${parent}`;
    if (!this.#recorder.has(run)) this.#recorder.begin(run, widget);
    this.#recorder.message(type, run, message.content);
    return true;
  }

  /** The kernel is gone: nothing more comes, and everything stays as it was. */
  kernelLost(): void {
    this.#recorder.flush();
    this.#capture.clear();
    this.#untold.clear();
    this.#states.end();
  }

  /** All models, large ones by name. */
  get all(): WidgetChanges {
    this.#recorder.flush();
    return this.#offer(this.#states.ids);
  }

  /** Everything as a file has it. */
  get whole(): WidgetState {
    this.#recorder.flush();
    const state = this.#states.ids.flatMap((id): [string, WidgetModel][] => {
      const model = this.#states.model(id);
      return model === undefined ? [] : [[id, model]];
    });
    return { version_major: 2, version_minor: 0, state: Object.fromEntries(state) };
  }

  model(id: string): WidgetModel | undefined {
    this.#recorder.flush();
    return this.#states.model(id);
  }

  close(): void {
    this.#updates.close();
    this.#recorder.close();
  }

  #comm(type: string, { content: bytes, buffers }: WireMessage): void {
    if (type !== 'comm_open' && !this.#states.hasOpen) return;
    const content = parseObject(bytes);
    if (isNestedDeeper(content)) return;
    const change = modelChange(type, content, buffers, (id) => this.#states.isOpen(id));
    if (change === undefined) return;
    this.#take(change);
    this.#updates.touched(change.id);
  }

  #take(change: ModelChange): void {
    const { id } = change;
    if (change.kind === 'close') {
      this.#states.close(id);
      this.#gone(id);
      return;
    }
    // The buffers are parts of larger pieces of memory, which would stay with them.
    const buffers = change.buffers.map(({ path, data }) => ({ path, data: Uint8Array.from(data) }));
    const { outputs: said, ...others } = change.state;
    // The outputs of an Output widget that come back are those that it was told of some time ago.
    const isOld = change.kind === 'echo' && this.#isOutput(id);
    const outputs = isOld ? undefined : said;
    if (change.kind === 'open') this.#states.open(id, change.state, buffers);
    else this.#states.update(id, isOld ? others : change.state, buffers);
    if (!this.#isOutput(id)) return;
    const { msg_id: request } = others;
    if (change.kind === 'open') this.#remove(id);
    if (!this.#shown.has(id)) this.#shows(id, outputs ?? []);
    else if (outputs !== undefined) this.#shows(id, outputs);
    if (typeof request === 'string') this.#capture.set(id, request);
  }

  #isOutput(id: string): boolean {
    return this.#states.field(id, '_model_name') === OUTPUT_MODEL;
  }

  /** The kernel says itself what an Output widget shows. */
  #shows(id: string, value: JsonValue): void {
    this.#recorder.flush();
    const outputs = outputsOf(value);
    const cell = { id, cell_type: 'code', source: '', metadata: {}, outputs, execution_count: null } as const;
    applyAll(
      this.#shown,
      this.#shown.has(id)
        ? [{ op: 'set-outputs', id, outputs, execution_count: null }]
        : [{ op: 'insert-cell', cell, after: null }],
    );
    this.#untold.delete(id);
  }

  /** An Output widget has captured something. */
  #captured(ops: readonly Operation[]): void {
    const { applied } = applyAll(this.#shown, ops);
    for (const id of new Set(applied.map((op) => (op.op === 'insert-cell' ? op.cell.id : op.id)))) {
      if (id === null || !this.#states.isOpen(id)) continue;
      const outputs = (this.#shown.cell(id)?.cell.outputs ?? []).map(withoutTransient);
      // Models of version 1 have no such field: their kernel is not told.
      if (this.#states.field(id, 'outputs') !== undefined) this.#untold.add(id);
      this.#states.update(id, { outputs }, []);
      this.#updates.touched(id);
    }
  }

  /** While a request is under way the kernel would hear of nothing else; then it hears once of each widget. */
  #idle(parent: string, content: Uint8Array): void {
    if (!this.port.isOurs(parent)) return;
    if (statusContent(parseObject(content))?.execution_state !== 'idle') return;
    this.#recorder.flush();
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const id of untold) {
      const outputs = this.#states.field(id, 'outputs');
      if (outputs !== undefined && this.#states.sizeOf(id) <= MOST_TOLD) this.port.showsNow(id, outputs);
    }
  }

  #gone(id: string): void {
    this.#capture.set(id, '');
    this.#untold.delete(id);
    this.#remove(id);
    this.#updates.touched(id);
  }

  #remove(id: string): void {
    if (this.#shown.has(id)) applyAll(this.#shown, [{ op: 'delete-cell', id }]);
  }

  #offer(ids: Iterable<string>): WidgetChanges {
    let room = SENT_AT_ONCE;
    return Object.fromEntries(
      [...ids].map((id) => {
        const size = this.#states.sizeOf(id);
        const isNamed = size > LARGE || size > room;
        if (!isNamed) room -= size;
        return [id, (isNamed ? this.#states.reference(id) : this.#states.model(id)) ?? null];
      }),
    );
  }
}

/** What a kernel says that it shows, without what no page could. */
function outputsOf(value: JsonValue): Output[] {
  if (!Array.isArray(value)) return [];
  return value.map(joinOutput).filter(isOutput) as JsonValue as unknown as Output[];
}

/** Display ids are the business of who records. */
function withoutTransient(output: Output): JsonObject {
  const { transient: _id, ...rest } = output as unknown as JsonObject;
  return rest;
}
