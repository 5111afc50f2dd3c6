/**
 * Which outputs the owner of this server trusts to do something in a page: those that were made here, those of notebooks
 * that the owner said to trust, and those of notebooks that Jupyter has signed.
 *
 * Trust is kept cell by cell: a keyed hash over the rich outputs of each. So a notebook in which `git pull` changed one
 * cell is foreign in that cell alone, a cell keeps its trust when it moves, and a save hashes only what changed. What a
 * file says of itself counts for nothing.
 */
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { scanCell, type FileCell, type NotebookFile, type ScannedCell } from '../../notebook/index.js';
import { cellOfOutputs, hasRichOutputs, richOutputBytes } from '../../notebook/rich-outputs.js';
import type { CellId, Output } from '../../notebook/types.js';
import { readOrMakeSecret } from '../../config/index.js';
import { loadOnce } from '../../load-once.js';
import { silentLog, type Log } from '../../log.js';
import { JupyterSignatures } from './jupyter-signatures.js';
import { SignatureStore } from './signature-store.js';

export interface TrustOptions {
  /** ours: key and signatures are kept here (0600) */
  stateDirectory: string;
  /** Jupyter's: its database and secret are read here, never written; undefined: not looked at */
  jupyterDirectory?: string;
  log?: Log;
}

/** So much is hashed before others get their turn. */
const STEP = 1 << 19;

export class NotebookTrust {
  readonly #store: SignatureStore;
  readonly #jupyter: JupyterSignatures | undefined;
  readonly #key: () => Promise<Buffer>;
  /** What was hashed once; null: nothing in it can do anything. Pieces of files never change. */
  readonly #signatures = new WeakMap<FileCell, string | null>();

  constructor(options: TrustOptions) {
    this.#key = loadOnce(async () => {
      const file = join(options.stateDirectory, 'trust-key');
      const log = options.log ?? silentLog;
      return Buffer.from(await readOrMakeSecret(file, 'notebooks have to be trusted anew', log), 'base64');
    });
    this.#store = new SignatureStore(join(options.stateDirectory, 'trusted-outputs'));
    if (options.jupyterDirectory !== undefined) {
      this.#jupyter = new JupyterSignatures(options.jupyterDirectory, options.log ?? silentLog);
    }
  }

  /**
   * How a notebook's cells stand, to be asked for each: for who goes through them anyway. A notebook that Jupyter has
   * signed is trusted from now on, also when its cells change one by one.
   */
  async judge(file: NotebookFile): Promise<(cell: FileCell, scanned?: ScannedCell) => boolean> {
    const key = await this.#ready();
    const isTrusted = (cell: FileCell, scanned?: ScannedCell): boolean => {
      // nobody is asked to hash what cannot be known
      if (this.#store.isEmpty) return !hasRichOutputs(scanned ?? scanCell(cell.bytes));
      const signature = this.#signatureOf(cell, key, scanned);
      return signature === null || this.#store.has(signature);
    };
    if (this.#jupyter === undefined || this.#jupyter.isEmpty) return isTrusted;
    const pause = pauses();
    for (const cell of file.cells) {
      if (!isTrusted(cell)) {
        if (await this.#jupyter.knows(file, () => pause(1))) await this.sign(file);
        break;
      }
      await pause(cell.bytes.length);
    }
    return isTrusted;
  }

  /** The cells of a notebook whose outputs are foreign: they may not run scripts. */
  async foreignCells(file: NotebookFile): Promise<Set<CellId>> {
    const isTrusted = await this.judge(file);
    const foreign = new Set<CellId>();
    const pause = pauses();
    for (const cell of file.cells) {
      if (!isTrusted(cell)) foreign.add(cell.id);
      await pause(cell.bytes.length);
    }
    return foreign;
  }

  /**
   * From now on the outputs of these cells are trusted, wherever they stand. Resolves when that is on disk. Cheap for
   * cells that were signed before: only what changed since is hashed.
   *
   * @param foreign  cells that are left out
   */
  async sign(file: NotebookFile, foreign?: ReadonlySet<CellId>): Promise<void> {
    const key = await this.#ready();
    const pause = pauses();
    const signatures: string[] = [];
    for (const cell of file.cells) {
      if (foreign?.has(cell.id) === true) continue;
      const isHashed = this.#signatures.has(cell);
      const signature = this.#signatureOf(cell, key);
      if (signature !== null) signatures.push(signature);
      if (!isHashed) await pause(cell.bytes.length);
    }
    await this.#store.add(signatures);
  }

  /** Whether outputs that are not in a file (yet) are trusted: what was pasted, merged, restored. */
  async knows(outputs: readonly Output[]): Promise<boolean> {
    const key = await this.#ready();
    const cell = cellOfOutputs(outputs);
    return !hasRichOutputs(cell) || this.#store.has(sign(cell, key));
  }

  /** Equal as long as nothing was trusted or forgotten: until then every judgement stays what it is. */
  async state(): Promise<string> {
    await this.#ready();
    return `${this.#store.state} ${this.#jupyter?.state ?? ''}`;
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async #ready(): Promise<Buffer> {
    const [key] = await Promise.all([this.#key(), this.#store.refresh(), this.#jupyter?.refresh()]);
    return key;
  }

  #signatureOf(cell: FileCell, key: Buffer, scanned?: ScannedCell): string | null {
    const known = this.#signatures.get(cell);
    if (known !== undefined) return known;
    const found = scanned ?? scanCell(cell.bytes);
    const signature = hasRichOutputs(found) ? sign(found, key) : null;
    this.#signatures.set(cell, signature);
    return signature;
  }
}

function sign(cell: ScannedCell, key: Buffer): string {
  const hmac = createHmac('sha256', key);
  for (const part of richOutputBytes(cell)) hmac.update(part);
  // 128 bits are as many as nobody guesses, and half the file
  return hmac.digest().subarray(0, 16).toString('base64url');
}

/** Lets others have their turn after every so many bytes. */
function pauses(): (bytes: number) => Promise<void> {
  let pending = 0;
  return async (bytes) => {
    pending += bytes;
    if (pending < STEP) return;
    pending = 0;
    await new Promise((done) => setImmediate(done));
  };
}
