/**
 * Remembers signatures in a file of the state directory, one a line, the newest last. Another process (`nbserver trust`,
 * a second server) may add to it at any time: what is not known is looked up in what was added since.
 */
import { appendFile, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';

/** So many are kept; then the oldest quarter is forgotten. Three megabytes. */
const MOST = 65_536;

export class SignatureStore {
  readonly #file: string;
  readonly #most: number;
  /** in the order in which they were added */
  #known = new Set<string>();
  /** which file, and how much of it, was read */
  #inode = 0;
  #read = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string, most = MOST) {
    this.#file = file;
    this.#most = most;
  }

  /** Another one whenever signatures came or went. */
  get state(): string {
    return `${this.#inode} ${this.#read} ${this.#known.size}`;
  }

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** Of what was read by the last `refresh`. */
  has(signature: string): boolean {
    return this.#known.has(signature);
  }

  /** Reads what was added since. A file that was replaced is read anew. */
  async refresh(): Promise<void> {
    const found = await stat(this.#file).catch(missing);
    if (found === undefined) {
      this.#known.clear();
      this.#inode = this.#read = 0;
      return;
    }
    if (found.ino === this.#inode && found.size === this.#read) return;
    const isNew = found.ino !== this.#inode || found.size < this.#read;
    if (isNew) this.#known = new Set();
    const from = isNew ? 0 : this.#read;
    const bytes = await readFrom(this.#file, from);
    // a line that somebody is writing just now is read the next time
    const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
    for (const line of whole.toString('latin1').split('\n')) if (line !== '') this.#known.add(line);
    this.#inode = found.ino;
    this.#read = from + whole.length;
  }

  /** Resolves when they are in the file. */
  async add(signatures: readonly string[]): Promise<void> {
    const added = signatures.filter((one) => !this.#known.has(one));
    if (added.length === 0) return this.#writing;
    for (const one of added) this.#known.add(one);
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write(added));
    return this.#writing;
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  async #write(added: readonly string[]): Promise<void> {
    await appendFile(this.#file, added.map((one) => `${one}\n`).join(''), { mode: 0o600 });
    if (this.#known.size > this.#most) await this.#forgetOldest();
  }

  async #forgetOldest(): Promise<void> {
    const all = [...new Set((await readFile(this.#file, 'latin1')).split('\n').filter(Boolean))];
    const kept = all.slice(-Math.floor(this.#most * 0.75));
    const draft = `${this.#file}.${randomBytes(6).toString('hex')}`;
    try {
      await writeFile(draft, kept.map((one) => `${one}\n`).join(''), { mode: 0o600, flag: 'wx' });
      await rename(draft, this.#file);
    } finally {
      await rm(draft, { force: true });
    }
    await this.refresh();
  }
}

async function readFrom(path: string, start: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of file.createReadStream({ start, autoClose: false }))
      chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
