/**
 * The file behind the editor: reads it, saves it only over what was read, and merges what others wrote meanwhile. There is
 * no question whether to overwrite: both changes are in the text afterwards.
 */
import { Text } from '@codemirror/state';
import { mergeWithMarks } from '../../src/notebook/merge-text.js';
import type { ContentsModel } from '../../src/protocol/rest-models.js';
import { api, ApiError } from '../base/api.js';
import { gathered } from '../base/gathered.js';
import { ServerEvents } from '../base/server-events.js';
import { encodePath, parentPath, urlFor } from '../base/urls.js';
import { Drafts, type Draft } from './drafts.js';
import { readForm, writeForm, type TextForm } from './line-ends.js';

/** What the file needs of the editor. */
export interface EditedText {
  get(): Text;
  /** Replaces the text by the smallest change; the person's own undo does not take it back. */
  merge(text: string): void;
}

export type FileState =
  | { kind: 'loading' | 'saved' | 'changed' | 'saving' }
  /** a sentence; the text is kept in the browser, and saving can be tried again */
  | { kind: 'failed'; message: string };

export interface FileEvents {
  state(state: FileState): void;
  /** Others changed the file, and that is in the text now. `conflicts`: places where both stand, between marks */
  merged(conflicts: number): void;
  /** It was deleted or renamed elsewhere, and the next save makes it again; or it is back. */
  gone(isGone: boolean): void;
  draftFailed(error: unknown): void;
}

export class NotTextError extends Error {}

/** Text is kept when nobody has typed for so long, and while somebody types after so long; a long one takes the page's time. ms */
const DRAFT_WAITS = { pause: 500, longest: 2000 };
const LONG_DRAFT_WAITS = { pause: 2000, longest: 8000 };
/** Length of a text that takes some hundredths of a second to keep. UTF-16 units */
const LONG_DRAFT = 2_000_000;
/** Of a large file so much is shown until the rest is there. Bytes */
const BEGINNING = 128 * 1024;
/** A look for what was written between the reading of the file and the first connection can wait for the page. ms */
const FIRST_LOOK = 1000;
/** Another one may write in the moment between a merge and the save of it, but not for ever. */
const MOST_TRIES = 5;

export class TextFile {
  path: string;
  writable = true;
  /** ms since the epoch */
  modified = 0;
  readonly #events: FileEvents;
  readonly #drafts: Drafts;
  #form: TextForm = { mark: false, lineEnd: '\n' };
  /** what the file held when it was last read or saved, which is kept while it is gone: programs write files anew, too */
  #base = Text.empty;
  /** of what the file is known to hold; null: it is gone */
  #hash: string | null = null;
  #edited: EditedText | undefined;
  #state: FileState = { kind: 'loading' };
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  /** since when there is text that the browser does not keep yet */
  #unkeptSince: number | undefined;
  /** what earlier visits left and is in the text now: it stays until this text is kept or saved */
  #taken: Draft[] = [];
  #busy: Promise<void> | undefined;

  /** @param place  names where the files are, in what the browser keeps */
  constructor(path: string, place: string, events: FileEvents) {
    this.path = path;
    this.#drafts = new Drafts(place);
    this.#events = events;
  }

  get state(): FileState {
    return this.#state;
  }

  get isChanged(): boolean {
    return this.#state.kind === 'changed' || this.#state.kind === 'failed' || this.#state.kind === 'saving';
  }

  /**
   * Reads the file. @returns its text, what the server has to say about it, and what this browser keeps of earlier visits
   *   that was not saved, the newest first: a browser takes its time for the first look into its store, and the text does not wait
   *   for that
   * @throws {NotTextError} for anything but text
   */
  async load(): Promise<{ text: string; message: string | undefined; left: Promise<Draft[]> }> {
    let model: ContentsModel;
    try {
      model = await api.get<ContentsModel>(`${this.#address()}?type=file&format=text&hash=1`, {
        preloaded: true,
      });
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'bad format') throw new NotTextError(error.message);
      throw error;
    }
    const text = this.#take(model);
    const left = this.#drafts.left(this.path).then((drafts) => {
      void this.#drafts.drop(drafts.filter((draft) => draft.text === text));
      return drafts.filter((draft) => draft.text !== text);
    });
    return { text, message: model.message, left };
  }

  /** The first lines of a large file, long before the rest; undefined where they cannot be had. */
  async beginning(): Promise<string | undefined> {
    try {
      const headers = { Range: `bytes=0-${BEGINNING - 1}` };
      const response = await fetch(urlFor('files', this.path), {
        headers,
        redirect: 'error',
        cache: 'no-store',
      });
      if (response.status !== 206) {
        await response.body?.cancel();
        return undefined;
      }
      const bytes = new Uint8Array(await response.arrayBuffer());
      const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
      return (
        readForm(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole)).text || undefined
      );
    } catch {
      return undefined; // what is wrong, `load` says
    }
  }

  /** Called once the editor shows what `load` gave. */
  follow(edited: EditedText): void {
    this.#edited = edited;
    this.#base = edited.get();
    this.#setState({ kind: 'saved' });
    const look = () => void this.check().catch(() => undefined); // offline: it is asked again when that is over
    const lookSoon = gathered(() => this.check());
    let isFirst = true;
    new ServerEvents({
      directories: () => [parentPath(this.path)],
      onChange: (event) => {
        if (event.list === 'files' && event.path === parentPath(this.path)) lookSoon();
      },
      onConnect: () => {
        if (isFirst) setTimeout(look, FIRST_LOOK);
        else look();
        isFirst = false;
      },
    });
    addEventListener('focus', look);
    addEventListener('pagehide', () => void this.#keepDraft());
  }

  /** The person has typed. */
  changed(): void {
    if (this.#edited === undefined) return; // it is still filled
    if (this.#isInFile(this.#edited.get())) {
      this.#setState({ kind: 'saved' });
      clearTimeout(this.#draftTimer);
      void this.#removeDraft();
      return;
    }
    if (this.#state.kind !== 'failed' && this.#state.kind !== 'saving') this.#setState({ kind: 'changed' });
    clearTimeout(this.#draftTimer);
    const now = Date.now();
    this.#unkeptSince ??= now;
    const waits = this.#edited.get().length > LONG_DRAFT ? LONG_DRAFT_WAITS : DRAFT_WAITS;
    const wait = Math.min(waits.pause, this.#unkeptSince + waits.longest - now);
    this.#draftTimer = setTimeout(() => void this.#keepDraft(), wait);
  }

  /** Takes what an earlier visit left: merged, if the file has changed since then or somebody has typed. */
  async restore(draft: Draft): Promise<void> {
    const edited = this.#edited;
    if (edited === undefined) return;
    this.#taken.push(draft);
    const conflicts = this.#mergeInto(edited, toText(draft.base), toText(draft.text), edited.get());
    this.changed();
    if (conflicts > 0) this.#events.merged(conflicts);
  }

  /** Forgets what an earlier visit left. */
  discard(draft: Draft): Promise<void> {
    return this.#drafts.drop([draft]);
  }

  /** Saves, and merges first where others have written. A second call waits for the first. */
  async save(): Promise<void> {
    await this.#exclusive(async () => {
      const edited = this.#edited;
      if (edited === undefined) return;
      this.#setState({ kind: 'saving' });
      try {
        await this.#saveText(edited);
      } catch (error) {
        this.#setState({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
        void this.#keepDraft();
        throw error;
      }
    });
  }

  async #saveText(edited: EditedText): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const saved = edited.get();
      const body = { type: 'file', format: 'text', content: writeForm(saved.toString(), this.#form) };
      try {
        const options = this.#hash === null ? { ifNoneMatch: true } : { ifMatch: this.#hash };
        const model = await api.put<ContentsModel>(this.#address(), body, options);
        this.#base = saved;
        this.#hash = model.hash ?? (await this.#currentHash());
        this.modified = Date.parse(model.last_modified);
        this.#events.gone(false);
        const isSaved = this.#isInFile(edited.get());
        this.#setState({ kind: isSaved ? 'saved' : 'changed' });
        if (isSaved) await this.#removeDraft();
        return;
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 409) || tries >= MOST_TRIES) throw error;
        const conflicts = await this.#readAndMerge(edited);
        // Both versions are in the text: the person looks through it before it goes to the disk.
        if (conflicts > 0) {
          this.#setState({ kind: 'changed' });
          return;
        }
      }
    }
  }

  /** Looks whether the file is still what was read, and takes in what has changed. */
  async check(): Promise<void> {
    if (this.#edited === undefined) return;
    await this.#exclusive(async () => {
      const edited = this.#edited;
      if (edited === undefined) return;
      const hash = await this.#currentHash();
      if (hash === this.#hash) return;
      if (hash === null) await this.#setGone();
      else await this.#readAndMerge(edited);
    });
  }

  async rename(path: string): Promise<void> {
    // A look at the file meanwhile would find none at the old path.
    await this.#exclusive(async () => {
      const from = this.path;
      await api.patch(this.#address(), { path });
      this.path = path;
      await this.#removeDraft(from);
      if (this.isChanged) await this.#keepDraft();
    });
  }

  async #readAndMerge(edited: EditedText): Promise<number> {
    const old = this.#base;
    let model: ContentsModel;
    try {
      model = await api.get<ContentsModel>(`${this.#address()}?type=file&format=text&hash=1`);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      await this.#setGone(); // just now
      return 0;
    }
    this.#base = toText(this.#take(model));
    this.#events.gone(false);
    const conflicts = this.#mergeInto(edited, old, edited.get(), this.#base);
    this.#setState({ kind: this.#isInFile(edited.get()) ? 'saved' : 'changed' });
    if (this.isChanged) await this.#keepDraft();
    if (!this.#base.eq(old)) this.#events.merged(conflicts);
    return conflicts;
  }

  async #setGone(): Promise<void> {
    this.#hash = null;
    this.#setState({ kind: 'changed' });
    this.#events.gone(true);
    await this.#keepDraft();
  }

  #isInFile(text: Text): boolean {
    return this.#hash !== null && text.eq(this.#base);
  }

  /** @returns how many places hold both versions */
  #mergeInto(edited: EditedText, old: Text, ours: Text, theirs: Text): number {
    const names = { ours: 'yours', theirs: 'the file' };
    const { text, conflicts } = mergeWithMarks(old, ours, theirs, names);
    edited.merge(text);
    return conflicts;
  }

  /** null when it is gone */
  async #currentHash(): Promise<string | null> {
    try {
      const model = await api.get<ContentsModel>(`${this.#address()}?type=file&content=0&hash=1`);
      this.modified = Date.parse(model.last_modified);
      return model.hash;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  #take(model: ContentsModel): string {
    if (typeof model.content !== 'string') throw new NotTextError('The file is not text.');
    this.#hash = model.hash;
    this.writable = model.writable;
    this.modified = Date.parse(model.last_modified);
    const { text, form } = readForm(model.content);
    this.#form = form;
    return text;
  }

  async #keepDraft(): Promise<void> {
    clearTimeout(this.#draftTimer);
    this.#unkeptSince = undefined;
    const edited = this.#edited;
    if (edited === undefined || !this.isChanged) return;
    const taken = [...this.#taken];
    try {
      await this.#drafts.put(this.path, this.#base, edited.get());
      await this.#dropTaken(taken);
    } catch (error) {
      this.#events.draftFailed(error);
    }
  }

  async #removeDraft(path = this.path): Promise<void> {
    this.#unkeptSince = undefined;
    const taken = [...this.#taken];
    await this.#drafts.remove(path);
    await this.#dropTaken(taken);
  }

  async #dropTaken(taken: readonly Draft[]): Promise<void> {
    this.#taken = this.#taken.filter((draft) => !taken.includes(draft));
    await this.#drafts.drop(taken);
  }

  async #exclusive(work: () => Promise<void>): Promise<void> {
    while (this.#busy !== undefined) await this.#busy.catch(() => undefined); // who started it hears of its failure
    const mine = (this.#busy = work());
    try {
      await mine;
    } finally {
      if (this.#busy === mine) this.#busy = undefined;
    }
  }

  #address(): string {
    return `api/contents/${encodePath(this.path)}`;
  }

  #setState(state: FileState): void {
    this.#state = state;
    this.#events.state(state);
  }
}

function toText(text: string): Text {
  return Text.of(text.split('\n'));
}
