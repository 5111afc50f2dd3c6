/**
 * The models of a notebook's widgets as its kernel last said them, so that a page which opens later shows them as they are.
 *
 * They are bounded: a model that the kernel closes goes at once; above the limit those of kernels that have ended go first,
 * then those that have not changed for the longest; one that is above the limit alone goes alone. A page shows the text
 * beside a widget whose model is gone.
 */
import type { JsonObject, JsonValue } from '../notebook/types.js';
import type { WidgetBuffer, WidgetModel, WidgetReference } from '../protocol/widget-messages.js';
import { roughSize } from './operation-log.js';

/** Characters and bytes of all models of one document. */
const MOST = 32_000_000;
/** What a model costs beside what it holds: so there are 32,000 of them at most. */
const PER_MODEL = 1_000;
/** Characters of a name in what stands for a large model: a name may be what makes it large. */
const LONGEST_NAME = 200;

interface Model {
  state: Map<string, { value: JsonValue; size: number }>;
  buffers: WidgetBuffer[];
  size: number;
}

export class WidgetStates {
  /** of the kernel that runs, and of kernels that have ended; what changed last comes last */
  readonly #living = new Map<string, Model>();
  readonly #ended = new Map<string, Model>();
  #size = 0;

  /** @param dropped  a model gave way to others */
  constructor(
    private readonly dropped: (id: string) => void = () => undefined,
    private readonly most = MOST,
  ) {}

  get ids(): string[] {
    return [...this.#ended.keys(), ...this.#living.keys()];
  }

  /** Characters and bytes that are held, roughly. */
  get size(): number {
    return this.#size;
  }

  /** Whether the kernel has this model open. */
  isOpen(id: string): boolean {
    return this.#living.has(id);
  }

  /** Whether the kernel has any model open. */
  get hasOpen(): boolean {
    return this.#living.size > 0;
  }

  open(id: string, state: JsonObject, buffers: readonly WidgetBuffer[]): void {
    this.close(id);
    const size = PER_MODEL + id.length;
    this.#living.set(id, { state: new Map(), buffers: [], size });
    this.#size += size;
    this.update(id, state, buffers);
  }

  /** Replaces fields of a model that is open. */
  update(id: string, state: JsonObject, buffers: readonly WidgetBuffer[]): void {
    const model = this.#living.get(id);
    if (model === undefined) return;
    this.#living.delete(id);
    this.#living.set(id, model);
    const fields = new Set([...Object.keys(state), ...buffers.map(({ path }) => String(path[0]))]);
    let grown = 0;
    for (const field of fields) {
      grown -= model.state.get(field)?.size ?? 0;
      model.state.delete(field);
    }
    for (const [field, value = null] of Object.entries(state)) {
      const size = field.length + roughSize(value);
      grown += size;
      model.state.set(field, { value, size });
    }
    const kept = model.buffers.filter(({ path }) => !fields.has(String(path[0])));
    const bytes = (all: readonly WidgetBuffer[]) =>
      all.reduce((sum, { path, data }) => sum + roughSize(path) + data.length, 0);
    grown += bytes(buffers) + bytes(kept) - bytes(model.buffers);
    model.buffers = [...kept, ...buffers];
    model.size += grown;
    this.#size += grown;
    if (model.size > this.most) this.#drop(id);
    else this.#makeRoom();
  }

  close(id: string): void {
    for (const models of [this.#living, this.#ended]) {
      this.#size -= models.get(id)?.size ?? 0;
      models.delete(id);
    }
  }

  /** The kernel is gone: its models are shown as they last were. */
  end(): void {
    for (const [id, model] of this.#living) this.#ended.set(id, model);
    this.#living.clear();
  }

  field(id: string, name: string): JsonValue | undefined {
    return this.#of(id)?.state.get(name)?.value;
  }

  model(id: string): WidgetModel | undefined {
    const model = this.#of(id);
    if (model === undefined) return undefined;
    const buffers = model.buffers.map(({ path, data }) => ({
      encoding: 'base64' as const,
      path,
      data: Buffer.from(data).toString('base64'),
    }));
    return {
      ...named(model),
      state: Object.fromEntries([...model.state].map(([field, { value }]) => [field, value])),
      ...(buffers.length === 0 ? {} : { buffers }),
    };
  }

  /** Stands for a large model. */
  reference(id: string): WidgetReference | undefined {
    const model = this.#of(id);
    return model && { ...named(model, LONGEST_NAME), size: model.size };
  }

  sizeOf(id: string): number {
    return this.#of(id)?.size ?? 0;
  }

  #of(id: string): Model | undefined {
    return this.#living.get(id) ?? this.#ended.get(id);
  }

  #makeRoom(): void {
    for (const models of [this.#ended, this.#living]) {
      for (const id of models.keys()) {
        if (this.#size <= this.most) return;
        this.#drop(id);
      }
    }
  }

  #drop(id: string): void {
    this.close(id);
    this.dropped(id);
  }
}

function named({ state }: Model, longest = Infinity): Omit<WidgetModel, 'state' | 'buffers'> {
  const text = (name: string): string => {
    const value = state.get(name)?.value;
    return typeof value === 'string' ? value.slice(0, longest) : '';
  };
  return {
    model_name: text('_model_name'),
    model_module: text('_model_module'),
    model_module_version: text('_model_module_version'),
  };
}
