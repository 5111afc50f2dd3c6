/**
 * A ring of shared memory that carries stdout and stderr from the main thread to the worker.
 *
 * The worker can send what was printed while the main thread spins (`console.log('start'); while (true) {}`), merging
 * costs the printing thread nothing, and a flood waits for the worker instead of filling the memory.
 * One writer, one reader: each advances only its own counter, so no lock is needed.
 */

export type StreamName = 'stdout' | 'stderr';
export interface StreamRun {
  cell: number;
  name: StreamName;
  text: string;
}

/** Int32 slots at the start: bytes written, bytes read (both wrap at 2^32), and whether the reader was woken. */
const written = 0;
const read = 1;
const awake = 2;
const counterBytes = 16;
const capacity = 1 << 20;
/** cell (uint32), length (uint32), stream (uint8) */
const headBytes = 9;
const largestRecord = 1 << 16;

export function createRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(counterBytes + capacity);
}

abstract class RingEnd {
  protected readonly counters: Int32Array;
  protected readonly bytes: Uint8Array;
  constructor(memory: SharedArrayBuffer) {
    this.counters = new Int32Array(memory, 0, counterBytes / 4);
    this.bytes = new Uint8Array(memory, counterBytes, capacity);
  }
  protected used(): number {
    return (Atomics.load(this.counters, written) - Atomics.load(this.counters, read)) | 0;
  }
}

export class RingWriter extends RingEnd {
  readonly #wake: (now: boolean) => void;

  /** @param wake  called when the reader has to come: at the first text after it drained, and when memory gets short */
  constructor(memory: SharedArrayBuffer, wake: (now: boolean) => void) {
    super(memory);
    this.#wake = wake;
  }

  /** A number that says how much was written; `RingReader.drain(position)` reads exactly to it. */
  get position(): number {
    return Atomics.load(this.counters, written);
  }

  /** Appends text; waits (synchronously) while the ring is full. */
  write(cell: number, name: StreamName, text: string): void {
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length;) {
      const to = characterBoundary(bytes, from + largestRecord);
      this.#append(cell, name, bytes.subarray(from, to));
      from = to;
    }
  }

  #append(cell: number, name: StreamName, body: Buffer): void {
    const size = headBytes + body.length;
    while (capacity - this.used() < size) {
      this.#wake(true);
      Atomics.wait(this.counters, read, Atomics.load(this.counters, read), 50);
    }
    const head = Buffer.alloc(headBytes);
    head.writeUInt32LE(cell, 0);
    head.writeUInt32LE(body.length, 4);
    head.writeUInt8(name === 'stderr' ? 1 : 0, 8);
    const at = Atomics.load(this.counters, written);
    this.#copy(at, head);
    this.#copy(at + headBytes, body);
    // Only now does the record exist: an interrupt in the middle of it leaves the ring as it was.
    Atomics.store(this.counters, written, (at + size) | 0);
    if (Atomics.exchange(this.counters, awake, 1) === 0) this.#wake(false);
    else if (this.used() > capacity / 4 && this.used() - size <= capacity / 4) this.#wake(true);
  }

  #copy(position: number, source: Uint8Array): void {
    const at = position & (capacity - 1);
    const first = Math.min(source.length, capacity - at);
    this.bytes.set(source.subarray(0, first), at);
    if (first < source.length) this.bytes.set(source.subarray(first), 0);
  }
}

export class RingReader extends RingEnd {
  /** Takes what was written (up to `position`), with neighbours of one cell and stream merged. */
  drain(position?: number): StreamRun[] {
    Atomics.store(this.counters, awake, 0);
    const end = position ?? Atomics.load(this.counters, written);
    const runs: { cell: number; name: StreamName; parts: Buffer[] }[] = [];
    let at = Atomics.load(this.counters, read);
    while (((end - at) | 0) > 0) {
      const head = this.#slice(at, headBytes);
      const cell = head.readUInt32LE(0);
      const length = head.readUInt32LE(4);
      const name = head.readUInt8(8) === 1 ? 'stderr' : 'stdout';
      const last = runs.at(-1);
      const body = this.#slice(at + headBytes, length);
      if (last?.cell === cell && last.name === name) last.parts.push(body);
      else runs.push({ cell, name, parts: [body] });
      at = (at + headBytes + length) | 0;
    }
    Atomics.store(this.counters, read, at);
    Atomics.notify(this.counters, read);
    return runs.map(({ cell, name, parts }) => ({ cell, name, text: Buffer.concat(parts).toString() }));
  }

  #slice(position: number, length: number): Buffer {
    const at = position & (capacity - 1);
    const first = Math.min(length, capacity - at);
    const copy = Buffer.alloc(length);
    copy.set(this.bytes.subarray(at, at + first));
    if (first < length) copy.set(this.bytes.subarray(0, length - first), first);
    return copy;
  }
}

/** The largest index ≤ `index` that does not cut a UTF-8 character. */
function characterBoundary(bytes: Buffer, index: number): number {
  if (index >= bytes.length) return bytes.length;
  let at = index;
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}
