/**
 * What a cell has printed since it was deleted, within bounds: text as in a cell, its beginning and its end, and so much of
 * everything else. It is nowhere to be seen, so that it is told as a whole now and then, in place of what was told before.
 */
import { randomBytes } from 'node:crypto';
import type { CellId, Output } from '../notebook/types.js';
import { copyOf, CutText } from './cut-text.js';
import { roughSize } from './operation-log.js';

/** Cells that are followed at once, and ms from one time that is told of them to the next. */
const MOST_CELLS = 10;
const EVERY = 10_000;
/** Characters of text from its beginning, and of each stream from its end. */
const MOST_HEAD = 1_000_000;
const MOST_TAIL = 200_000;
/** Characters of everything that is no text. */
const MOST_OTHERS = 5_000_000;

const LEFT_OUT = '[More outputs are left out: the cell was deleted, and this is too much to keep.]\n';

export class OrphanOutput {
  /** for what is told of it: the latest counts */
  readonly name = randomBytes(8).toString('hex');
  #outputs: Output[] = [];
  readonly #tails = new Map<string, CutText>();
  #head = 0;
  #others = 0;
  #isChanged = false;

  add(output: Output): void {
    if (output.output_type === 'stream') {
      this.stream(output.name, output.text);
      return;
    }
    if (this.#others > MOST_OTHERS) return;
    this.#isChanged = true;
    this.#others += roughSize(output);
    const isTooMuch = this.#others > MOST_OTHERS;
    this.#outputs.push(isTooMuch ? { output_type: 'stream', name: 'stderr', text: LEFT_OUT } : output);
  }

  stream(name: 'stdout' | 'stderr', text: string): void {
    this.#isChanged = true;
    const room = MOST_HEAD - this.#head;
    const head = text.length > room ? copyOf(text.slice(0, room)) : text;
    this.#head += head.length;
    if (head !== '') this.#extend(name, head);
    if (head.length < text.length) this.#tail(name).add(text.slice(head.length));
  }

  /** Whether of more text the end is all that is kept. */
  get isOnlyEnd(): boolean {
    return this.#head >= MOST_HEAD;
  }

  /** Text of which only the end is known. @param left  how much stands before it */
  addEnd(name: 'stdout' | 'stderr', text: string, left: number): void {
    this.#isChanged = true;
    this.#tail(name).addEnd(text, left);
  }

  clear(): void {
    this.#isChanged = true;
    this.#outputs = [];
    this.#tails.clear();
    this.#head = 0;
    this.#others = 0;
  }

  /** All of it; undefined when nothing has come since it was last asked for. */
  take(): Output[] | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    return [...this.#outputs, ...[...this.#tails.values()].map((tail) => tail.output())];
  }

  #extend(name: 'stdout' | 'stderr', text: string): void {
    const last = this.#outputs.at(-1);
    if (last?.output_type === 'stream' && last.name === name && last.text !== LEFT_OUT) {
      this.#outputs[this.#outputs.length - 1] = { ...last, text: last.text + text };
    } else {
      this.#outputs.push({ output_type: 'stream', name, text });
    }
  }

  #tail(name: 'stdout' | 'stderr'): CutText {
    const tail = this.#tails.get(name) ?? new CutText(name, MOST_TAIL);
    this.#tails.set(name, tail);
    return tail;
  }
}

export class OrphanOutputs {
  readonly #cells = new Map<CellId, OrphanOutput>();
  #timer: NodeJS.Timeout | undefined;

  /** @param told  undefined: nobody wants to know */
  constructor(
    private readonly told: ((cell: CellId, outputs: Output[], orphan: string) => void) | undefined,
  ) {}

  /** Where the output of a cell goes that is not there. */
  of(cell: CellId): OrphanOutput | undefined {
    if (this.told === undefined) return undefined;
    this.#timer ??= setTimeout(() => this.#tellAll(), EVERY);
    const orphan = this.#cells.get(cell) ?? new OrphanOutput();
    this.#cells.set(cell, orphan);
    const [oldest] = this.#cells.keys();
    if (this.#cells.size > MOST_CELLS && oldest !== undefined) this.delete(oldest);
    return orphan;
  }

  /** Tells now what has come. */
  tell(cell: CellId): void {
    const orphan = this.#cells.get(cell);
    const outputs = orphan?.take();
    if (orphan !== undefined && outputs !== undefined) this.told?.(cell, outputs, orphan.name);
  }

  /** The cell is there again, and what it prints from now on is its own. */
  delete(cell: CellId): void {
    this.tell(cell);
    this.#cells.delete(cell);
  }

  close(): void {
    this.#tellAll();
    this.#cells.clear();
  }

  #tellAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const cell of this.#cells.keys()) this.tell(cell);
  }
}
