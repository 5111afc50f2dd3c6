/**
 * Notebooks between store and API: reading one (repaired after a crash, where the store can), sending it, and saving what
 * a client sends over what is there. A notebook that is open as a live document is read from and saved through that.
 *
 * Large ones are read, compared and made into text in pieces, between which other requests get their turn.
 */
import { Readable } from 'node:stream';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import { messageOf } from '../message-of.js';
import {
  NotebookError,
  SentContent,
  contentFrame,
  contentPieces,
  contentValue,
  newNotebook,
  notebookContent,
  notebookProblem,
  outlineOf,
  readNotebook,
  readNotebookInSteps,
  saveInSteps,
  sentOutlines,
  type JsonObject,
  type NotebookFile,
} from '../notebook/index.js';
import type { NotebookCheck } from '../notebook/validate.js';
import { MERGE_CONFLICT, type ContentsModel } from '../protocol/rest-models.js';
import { BoundedMap } from './bounded-map.js';
import type { When } from './conditions.js';
import { keepOldFormat, type PlaceOfCopies } from './keep-beside.js';
import { bareModel, hashOf } from './models.js';
import { NotebookContent } from './notebook-content.js';
import type { Entry, NotebookManager, Revision } from './notebook-manager.js';
import type { OpenDocument } from './open-documents.js';
import { readAll } from './read-all.js';
import { SentAgain } from './sent-again.js';
import { inSteps } from './steps.js';
import { isTrustedByClient } from './trusted-flags.js';
import type { NotebookTrust } from './trust/notebook-trust.js';

export interface NotebooksParts {
  store: NotebookManager;
  trust: NotebookTrust | undefined;
  log: Log;
  findOpen(path: string): OpenDocument | undefined;
}

export class Notebooks {
  readonly #parts: NotebooksParts;
  /** first checkpoints that are made just now */
  readonly #keeping = new Map<string, Promise<void>>();
  /** small ones as they were sent or saved last: the next save is compared with them */
  readonly #files = new BoundedMap<string, { revision: Revision; file: NotebookFile }>(16 << 20);
  readonly #sent = new SentAgain({ largest: 4 << 20, most: 16 << 20 });

  constructor(parts: NotebooksParts) {
    this.#parts = parts;
  }

  /** @throws HttpError 400 with the place of what cannot be read */
  async read(path: string): Promise<{ entry: Entry; file: NotebookFile }> {
    const { store, log } = this.#parts;
    const { entry, bytes } = await readAll(store, path);
    try {
      return { entry, file: await inSteps(readNotebookInSteps(bytes)) };
    } catch (error) {
      const problem = notebookProblem(error);
      if (problem === undefined) throw error;
      if (store.recover !== undefined && (await store.recover(path))) {
        log.warn(
          `${path} was damaged (${problem}); its last good state was brought back from a copy beside it`,
        );
        const again = await readAll(store, path);
        return { entry: again.entry, file: readNotebook(again.bytes) };
      }
      throw new HttpError(400, `${path}: ${problem}`, isConflict(error) ? MERGE_CONFLICT : undefined);
    }
  }

  /** With content, that is a `NotebookContent`: text to be sent, or a value for who asks for one. */
  async model(
    path: string,
    entry: Entry,
    wanted: { content: boolean; hash: boolean },
  ): Promise<ContentsModel & { content: NotebookContent | null }> {
    const { store, trust } = this.#parts;
    const open = this.#parts.findOpen(path);
    let model = bareModel(path, entry, 'notebook');
    if (wanted.hash) {
      await open?.flush();
      const known = open === undefined ? entry : await store.stat(path);
      if (known?.hash !== undefined) {
        model = { ...bareModel(path, known, 'notebook'), hash: known.hash, hash_algorithm: 'sha256' };
      } else {
        const { entry: hashed, bytes } = await readAll(store, path);
        model = { ...bareModel(path, hashed, 'notebook'), ...hashOf(bytes) };
      }
    }
    if (!wanted.content) return { ...model, content: null };
    if (open !== undefined) return { ...model, content: await ofValue(open.content()), format: 'json' };
    const { hash, hash_algorithm } = model;
    const state = async (of: Entry): Promise<string> => `${of.revision} ${(await trust?.state()) ?? ''}`;
    const known = this.#sent.find(path, await state(entry));
    if (known !== undefined) {
      return { ...model, content: new NotebookContent([known.text], () => known.message), format: 'json' };
    }
    const { entry: read, file } = await this.read(path);
    this.#remember(path, read, file);
    const isTrusted = (await trust?.judge(file)) ?? (() => false);
    const check = await newCheck(contentFrame(file));
    const pieces = contentPieces(file, {
      isTrusted: (scanned, cell) => isTrusted(cell, scanned),
      onCell: (scanned, index, cell) => {
        check.cell({ ...outlineOf(scanned), ...(file.hasIds ? { id: cell.id } : {}) }, index);
      },
    });
    const full = { ...bareModel(path, read, 'notebook'), hash, hash_algorithm, format: 'json' as const };
    // after the judgement, which may have made Jupyter's signatures ours
    const stateNow = await state(read);
    if (!this.#sent.isWanted(path, stateNow, read.size)) {
      return { ...full, content: new NotebookContent(pieces, () => check.message) };
    }
    const text = Buffer.concat([...pieces]);
    this.#sent.keep(path, stateNow, text, check.message);
    return { ...full, content: new NotebookContent([text], () => check.message) };
  }

  /**
   * @param content what the client sent; undefined makes a new notebook empty
   * @param old     what is there now
   * @param when    what must still hold when it is written
   * @throws HttpError 400 when the content is no notebook at all; one that breaks the format is saved and has a `message`
   */
  async save(
    path: string,
    content: unknown,
    old: Entry | undefined,
    when: When = {},
  ): Promise<{ model: ContentsModel; entry: Entry }> {
    const { store, trust } = this.#parts;
    if (content === undefined && old !== undefined) throw new HttpError(400, 'No content provided');
    const open = this.#parts.findOpen(path);
    const before = old === undefined || open !== undefined ? undefined : await this.#there(path, old);
    const { sent, file } = await fromClient(path, before, content);
    // a copy that is being made of the last save is made of it whole
    await this.#keeping.get(path);
    if (before?.upgradedFrom !== undefined) await this.#keepOldFormat(path, before.upgradedFrom);
    // while the disk is busy
    const judging = judgeSent(sent, file);
    judging.catch(() => undefined);
    const entry =
      open === undefined ? await store.write(path, bodyOf(file), when) : await open.save(valueOf(file));
    const { message, isTrusted } = await judging;
    if (isTrusted) await trust?.sign(file);
    if (open === undefined) this.#remember(path, entry, file);
    this.#keepFirst(path);
    const model = bareModel(path, entry, 'notebook');
    return { entry, model: message === undefined ? model : { ...model, message } };
  }

  /** From now on the outputs of this notebook count as trusted, for as long as they stay what they are. */
  async trust(path: string): Promise<void> {
    const { trust, findOpen } = this.#parts;
    if (trust === undefined) throw new HttpError(501, 'This server keeps no record of trusted notebooks');
    await findOpen(path)?.flush();
    await trust.sign((await this.read(path)).file);
  }

  /** What a save is written over; undefined when there is no notebook that can be read. */
  async #there(path: string, entry: Entry): Promise<NotebookFile | undefined> {
    const known = this.#files.get(path);
    if (known?.revision === entry.revision) return known.file;
    try {
      return (await this.read(path)).file;
    } catch (error) {
      if (error instanceof HttpError && error.status < 500) return undefined;
      throw error;
    }
  }

  #remember(path: string, { revision, size }: Entry, file: NotebookFile): void {
    // what an old client sent is written in format 4 now
    const isAsWritten = file.upgradedFrom === undefined;
    if (isAsWritten && size !== undefined && size < LARGE) this.#files.set(path, { revision, file }, size);
  }

  async #keepOldFormat(path: string, from: number): Promise<void> {
    const { store, log } = this.#parts;
    const place: PlaceOfCopies = {
      readBytes: (each) => readAll(store, each),
      writeBytes: (each, bytes, when) => store.write(each, bytes, when),
    };
    const copy = await keepOldFormat(place, store.checkpoints, path, from);
    log.info(
      `${path} was in the old notebook format ${from}; before it was saved in format 4, it was copied to ${copy}`,
    );
  }

  /** Waits for checkpoints that are made just now. */
  async settled(): Promise<void> {
    await Promise.all(this.#keeping.values());
  }

  /** Behind the answer: the file itself is safe, and bringing a copy to the disk takes as long as the save did. */
  #keepFirst(path: string): void {
    if (this.#keeping.has(path)) return;
    const keeping = this.#firstCheckpoint(path).finally(() => this.#keeping.delete(path));
    this.#keeping.set(path, keeping);
  }

  /** The file is saved; that it has no checkpoint yet is not worth an error. */
  async #firstCheckpoint(path: string): Promise<void> {
    const { checkpoints } = this.#parts.store;
    try {
      if ((await checkpoints.list(path)).length === 0) await checkpoints.create(path);
    } catch (error) {
      this.#parts.log.warn(`No checkpoint of ${path}: ${messageOf(error)}`);
    }
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof NotebookError && error.isMergeConflict;
}

async function fromClient(
  path: string,
  before: NotebookFile | undefined,
  content: unknown,
): Promise<{ sent: SentContent; file: NotebookFile }> {
  try {
    const sent =
      content instanceof SentContent
        ? content
        : SentContent.of(content ?? notebookContent(readNotebook(newNotebook()), false));
    const base = before?.upgradedFrom === undefined ? before : undefined;
    return { sent, file: await inSteps(saveInSteps(base, sent)) };
  } catch (error) {
    const problem = notebookProblem(error);
    if (problem === undefined) throw error;
    throw new HttpError(400, `${path} was not saved: ${problem}`);
  }
}

/** What is wrong with what was sent (but for ids, which the server gave to cells that had none), and what it says of itself. */
async function judgeSent(
  sent: SentContent,
  file: NotebookFile,
): Promise<{ message: string | undefined; isTrusted: boolean }> {
  const frame = sent.frame();
  if ((frame['nbformat'] ?? 4) !== 4) {
    return { message: (await ofValue(valueOf(file))).message(), isTrusted: false };
  }
  const check = await newCheck({
    metadata: {},
    ...frame,
    nbformat: 4,
    nbformat_minor: file.nbformatMinor,
  });
  let isTrusted = true;
  await inSteps(
    (function* () {
      let index = 0;
      for (const cell of sentOutlines(sent, file)) {
        check.cell(cell, index++);
        isTrusted &&= isTrustedByClient(cell);
        yield;
      }
    })(),
  );
  return { message: check.message, isTrusted };
}

/** The schemas are loaded when the first notebook is. */
async function newCheck(frame: JsonObject): Promise<NotebookCheck> {
  const validate = await import('../notebook/validate.js');
  return new validate.NotebookCheck(frame);
}

async function ofValue(value: JsonObject): Promise<NotebookContent> {
  const { checkNotebook } = await import('../notebook/validate.js');
  return new NotebookContent([Buffer.from(JSON.stringify(value))], () => checkNotebook(value).message);
}

function valueOf(file: NotebookFile): JsonObject {
  return contentValue([...contentPieces(file, { isTrusted: () => false })]);
}

/** From here on, in bytes, a file is written from where its pieces are, and not put together in memory first. */
const LARGE = 4 << 20;

/** How much of it is one chunk at most: a store may look at each without a pause. */
const CHUNK = 1 << 19;

function bodyOf(file: NotebookFile): Buffer | Readable {
  const pieces = file.toPieces();
  if (pieces.reduce((sum, { length }) => sum + length, 0) < LARGE) return Buffer.concat(pieces);
  return Readable.from(chunksOf(pieces));
}

function* chunksOf(pieces: readonly Uint8Array[]): Generator<Buffer> {
  for (const { buffer, byteOffset, length } of pieces) {
    for (let at = 0; at < length; at += CHUNK) {
      yield Buffer.from(buffer, byteOffset + at, Math.min(CHUNK, length - at));
    }
  }
}
