/** The open notebooks: one live document per path, kept for as long as somebody needs it. */
import { cleanPath, type OpenDocuments } from '../contents/index.js';
import { HttpError } from '../http-error.js';
import type { WholeOutput } from '../notebook/index.js';
import { Histories } from './histories.js';
import type { DocumentOptions } from './document-options.js';
import type { FirstCell } from './first-cells.js';
import { LiveDocument } from './live-document.js';

export interface DocumentManagerOptions extends Omit<
  DocumentOptions,
  'onQuiet' | 'history' | 'journal' | 'conflicts' | 'readOnly' | 'outputElsewhere'
> {
  /** where the histories of notebooks are kept, a folder of this server's store alone; absent: there are none */
  historyDirectory?: string;
  /** ms that a document stays in memory after the last page left and everything is done; default 30,000 */
  grace?: number;
  /** bytes above which a notebook is opened read-only; default 500,000,000 */
  largest?: number;
}

/** Bytes above which a notebook is not opened: one buffer has to hold it. */
const LARGEST_READABLE = 2_000_000_000;

export interface OpenOptions {
  /** kernelspec for a notebook that names none, or one that is not installed */
  kernelName?: string;
  /** start the kernel now; default false */
  startKernel?: boolean;
  /**
   * Told what is seen at once, as early as it is known; who opens a notebook that is being opened already is not told.
   */
  onFirstCells?: (cells: FirstCell[]) => void;
}

export class DocumentManager implements OpenDocuments {
  readonly #options: Omit<DocumentManagerOptions, 'historyDirectory'> & { grace: number; largest: number };
  readonly #documents = new Map<string, LiveDocument>();
  /** by path: documents that are being read, so that a second caller gets the same one */
  readonly #opening = new Map<string, Promise<LiveDocument>>();
  readonly #timers = new Map<LiveDocument, NodeJS.Timeout>();
  readonly #histories: Histories | undefined;
  #isClosed = false;

  constructor(options: DocumentManagerOptions) {
    const { historyDirectory, ...rest } = options;
    this.#histories =
      historyDirectory === undefined ? undefined : new Histories(historyDirectory, options.log);
    this.#options = { grace: 30_000, largest: 500_000_000, ...rest };
    this.#histories?.sweep(Date.now()).catch((error: unknown) => {
      options.log.warn(`Old histories were not removed: ${String(error)}`);
    });
  }

  /**
   * The document of a notebook, read when it is not open yet.
   *
   * @throws {HttpError} 404 no such file, 400 not a notebook, 413 too large
   */
  async open(
    path: string,
    { kernelName, startKernel = false, onFirstCells }: OpenOptions = {},
  ): Promise<LiveDocument> {
    const document = await this.#openClean(cleanPath(path), onFirstCells);
    this.#wait(document);
    document.preferKernel(kernelName);
    if (startKernel) document.startKernel();
    return document;
  }

  get(id: string): LiveDocument | undefined {
    return this.#documents.get(id);
  }

  find(path: string): LiveDocument | undefined {
    return this.list().find((document) => document.path === path);
  }

  list(): LiveDocument[] {
    return [...this.#documents.values()];
  }

  /** The file is moved already: what goes wrong here is logged, and nobody is told that it was not. */
  async renamed(from: string, to: string): Promise<void> {
    const documents = this.#below(from);
    // What still has the new path lost its file to other programs: it would write over the one that comes.
    const displaced = this.#below(to).filter((document) => !documents.includes(document));
    for (const document of displaced) this.#forget(document);
    const move = (document: LiveDocument) =>
      document.moved(`${to}${document.path.slice(from.length)}`).catch((error: unknown) => {
        this.#options.log.warn(`${document.path} was not looked at after it was moved: ${String(error)}`);
      });
    // At once: those that are open miss their files.
    const moved = documents.map(move);
    // After the documents know their new path, so that each finds its session there.
    this.#options.sessions.rename(from, to);
    await Promise.all(displaced.map((document) => document.displaced()));
    // One that is just being opened reads what is kept of it under the old name still.
    await this.#opened(from);
    const late = this.#below(from);
    moved.push(...late.map(move));
    const all = [...documents, ...late];
    const histories = this.#histories;
    if (histories !== undefined) {
      try {
        await Promise.all(all.map((document) => document.holdKept()));
        await histories.renamed(from, to);
      } catch (error) {
        this.#options.log.warn(`The histories of ${from} stay under its old name: ${String(error)}`);
      } finally {
        for (const document of all) document.keptMoved(histories.directoryOf(document.path));
      }
    }
    await Promise.all(moved);
  }

  async removed(path: string): Promise<void> {
    const end = () => {
      for (const document of this.#below(path)) {
        this.#forget(document);
        document.removed();
      }
    };
    end();
    await this.#opened(path);
    end();
    try {
      await this.#histories?.removed(path);
    } catch (error) {
      this.#options.log.warn(`What was not saved of ${path} is still there: ${String(error)}`);
    }
  }

  /** Saves every document and closes it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#opening.values());
    const documents = this.list();
    for (const document of documents) this.#forget(document);
    await Promise.all(documents.map((document) => document.close()));
  }

  async #openClean(path: string, onFirstCells: OpenOptions['onFirstCells']): Promise<LiveDocument> {
    const open = this.find(path);
    if (open !== undefined) {
      // Nor may it be let go while its file is looked at.
      clearTimeout(this.#timers.get(open));
      try {
        await open.checkDisk();
        onFirstCells?.(open.firstCells); // not before: another program may have written it
      } finally {
        this.#wait(open);
      }
      return this.#documents.has(open.id) ? open : this.#openClean(path, onFirstCells);
    }
    const opening =
      this.#opening.get(path) ?? this.#read(path, onFirstCells).finally(() => this.#opening.delete(path));
    this.#opening.set(path, opening);
    return opening;
  }

  async #read(path: string, onFirstCells: OpenOptions['onFirstCells']): Promise<LiveDocument> {
    const entry = await this.#options.contents.stat(path);
    const { largest } = this.#options;
    const size = entry?.size ?? 0;
    const megabytes = `${Math.round(size / 1e6)} MB`;
    if (size > LARGEST_READABLE) {
      throw new HttpError(
        413,
        `${path} has ${megabytes}; notebooks up to ${LARGEST_READABLE / 1e6} MB can be opened. Download it, and clear its outputs.`,
      );
    }
    const histories = this.#histories;
    const documentOptions: DocumentOptions = {
      ...this.#options,
      ...(size > largest
        ? {
            readOnly: `${path} has ${megabytes} and is opened read-only: above ${Math.round(largest / 1e6)} MB nothing is changed or saved here.`,
          }
        : {}),
      ...(histories === undefined
        ? {}
        : {
            history: (of, size) => histories.of(of, size),
            journal: (of) => histories.journalOf(of),
            conflicts: (of) => histories.conflictsOf(of),
          }),
      outputElsewhere: (hash) => this.#output(hash),
      onQuiet: (quiet) => this.#wait(quiet),
    };
    const document = await LiveDocument.open(path, documentOptions, onFirstCells);
    if (this.#isClosed) {
      await document.close();
      throw new HttpError(503, 'The server is stopping.');
    }
    this.#documents.set(document.id, document);
    return document;
  }

  #output(hash: string): WholeOutput | undefined {
    for (const document of this.#documents.values()) {
      const output = document.output(hash);
      if (output !== undefined) return output;
    }
    return undefined;
  }

  /** Lets go of a document that stays quiet. */
  #wait(document: LiveDocument): void {
    clearTimeout(this.#timers.get(document));
    if (!this.#documents.has(document.id)) return;
    const timer = setTimeout(() => {
      if (!document.isQuiet) return;
      this.#forget(document);
      void document.close();
    }, this.#options.grace);
    this.#timers.set(document, timer);
  }

  #forget(document: LiveDocument): void {
    clearTimeout(this.#timers.get(document));
    this.#timers.delete(document);
    this.#documents.delete(document.id);
  }

  /** What is being read there is a document, or could not be opened: only then all of them hear what became of their file. */
  async #opened(path: string): Promise<void> {
    const opening = [...this.#opening].filter(([of]) => isBelow(of, path));
    if (opening.length > 0) await Promise.allSettled(opening.map(([, document]) => document));
  }

  #below(path: string): LiveDocument[] {
    return this.list().filter((document) => isBelow(document.path, path));
  }
}

function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}
