/** The event bus: features tell what happened, and whoever listens hears it. */
import { ListenerSet } from '../listeners.js';
import type { Subscription } from '../listeners.js';
import type { Log } from '../log.js';
import { contentsEvents, kernelEvents, listEvents } from '../protocol/events.js';
import type { ContentsEvent, Emission, KernelEvent, ListEvent } from '../protocol/events.js';

/** A directory or kernel that changes all the time is told of this often, in ms. */
const quietTime = 150;

export class EventBus {
  readonly #log: Log;
  readonly #listeners = new ListenerSet<[Emission]>();
  /** lists that changed in the last moments, by their JSON */
  readonly #changed = new Map<string, NodeJS.Timeout>();

  constructor(log: Log) {
    this.#log = log;
  }

  get subscribers(): number {
    return this.#listeners.size;
  }

  contents(event: ContentsEvent): void {
    this.emit({ schema_id: contentsEvents, ...event });
    if (event.action === 'get') return;
    this.listChanged({ list: 'files', path: parentOf(event.path) });
    if (event.action === 'rename' && event.source_path !== undefined) {
      this.listChanged({ list: 'files', path: parentOf(event.source_path) });
    }
  }

  kernel(event: KernelEvent): void {
    this.emit({ schema_id: kernelEvents, ...event });
  }

  /** Told a moment later, and once for changes that come together. */
  listChanged(event: ListEvent): void {
    if (this.#listeners.size === 0) return;
    const key = JSON.stringify(event);
    if (this.#changed.has(key)) return;
    const timer = setTimeout(() => {
      this.#changed.delete(key);
      this.emit({ schema_id: listEvents, ...event });
    }, quietTime);
    this.#changed.set(key, timer);
  }

  emit(event: Emission): void {
    this.#listeners.emit(this.#log, event);
  }

  subscribe(listener: (event: Emission) => void): Subscription {
    return this.#listeners.add(listener);
  }

  close(): void {
    for (const timer of this.#changed.values()) clearTimeout(timer);
    this.#changed.clear();
    this.#listeners.clear();
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
