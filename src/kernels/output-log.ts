/**
 * What a kernel's process itself writes to stdout and stderr: the last of it, in memory for the reason of its end and in a
 * file that its owner can read at any time.
 */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Bytes that are kept at least, of both streams together, and of stderr alone. */
const keptOutput = 65_536;
const keptErrors = 16_384;

const newRun = Buffer.from('\n[the kernel was started again]\n');

export class OutputLog {
  readonly #all = new LastBytes(keptOutput);
  readonly #errors = new LastBytes(keptErrors);
  #file: number | undefined;
  #inFile = 0;

  /** @param path  written for its owner alone; it goes on where an earlier run of the kernel ended. Absent: no file */
  constructor(path?: string) {
    if (path === undefined) return;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const before = existsSync(path) ? readFileSync(path).subarray(-keptOutput) : undefined;
      rmSync(path, { force: true });
      this.#file = openSync(path, 'wx', 0o600);
      if (before) this.#writeFile(Buffer.concat([before, newRun]));
    } catch {
      // A full or read-only disk: the last words are kept in memory all the same.
    }
  }

  write(stream: 'stdout' | 'stderr', data: Buffer): void {
    this.#all.add(data);
    if (stream === 'stderr') this.#errors.add(data);
    this.#writeFile(data);
  }

  /** The last of both streams, in the order of their coming. */
  get text(): string {
    return this.#all.text;
  }

  /** The last of stderr. */
  get errors(): string {
    return this.#errors.text;
  }

  /** Closes the file; it stays for whoever wants to know why a kernel died. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #writeFile(data: Buffer): void {
    if (this.#file === undefined) return;
    try {
      if (this.#inFile + data.length > 2 * keptOutput) {
        const kept = this.#all.bytes;
        ftruncateSync(this.#file, 0);
        this.#inFile = writeSync(this.#file, kept, 0, kept.length, 0);
      } else {
        this.#inFile += writeSync(this.#file, data, 0, data.length, this.#inFile);
      }
    } catch {
      // As above; the kernel must not fail for it.
      this.close();
    }
  }
}

/** The last of a stream of bytes: at least `size` of them, less than twice as many are held. */
class LastBytes {
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(readonly size: number) {}

  add(data: Buffer): void {
    this.#chunks.push(data);
    this.#length += data.length;
    if (this.#length < 2 * this.size) return;
    this.#chunks = [Buffer.from(this.bytes)];
    this.#length = this.size;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks).subarray(-this.size);
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}
