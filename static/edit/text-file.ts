/**
 * The file behind the editor: reads it, saves it only over what was read, and merges what others wrote meanwhile. There is
 * no question whether to overwrite: both changes are in the text afterwards.
 */
import { Text } from '@codemirror/state';
import { mergeWithMarks } from '../../src/notebook/merge-text.js';
import type { ContentsModel } from '../../src/protocol/rest-models.js';
import { api, ApiError } from '../base/api.js';
import { ServerEvents } from '../base/server-events.js';
import { encodePath, parentPath } from '../base/urls.js';
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
  /** It was deleted or renamed elsewhere; the next save makes it again. */
  vanished(): void;
  draftFailed(error: unknown): void;
}

export class NotTextError extends Error {}

const DRAFT_PAUSE = 500;
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
  /** what the file is known to hold; the hash is null when it is gone */
  #base = Text.empty;
  #hash: string | null = null;
  #edited: EditedText | undefined;
  #state: FileState = { kind: 'loading' };
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
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
   * Reads the file. @returns its text, what this browser keeps of an earlier visit that was not saved, and what the server
   *   has to say about it
   * @throws {NotTextError} for anything but text
   */
  async load(): Promise<{ text: string; draft: Draft | undefined; message: string | undefined }> {
    // A browser takes its time for the first look into its store: meanwhile the text comes.
    const kept = this.#drafts.get(this.path);
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
    const draft = await kept;
    const isUnsaved = draft !== undefined && draft.text !== text;
    return { text, draft: isUnsaved ? draft : undefined, message: model.message };
  }

  /** Called once the editor shows what `load` gave. */
  follow(edited: EditedText): void {
    this.#edited = edited;
    this.#base = edited.get();
    this.#setState({ kind: 'saved' });
    const look = () => void this.check().catch(() => undefined); // offline: it is asked again when that is over
    new ServerEvents({
      directories: () => [parentPath(this.path)],
      onChange: (event) => {
        if (event.list === 'files' && event.path === parentPath(this.path)) look();
      },
      onConnect: look,
    });
    addEventListener('focus', look);
    addEventListener('pagehide', () => void this.#keepDraft());
  }

  /** The person has typed. */
  changed(): void {
    if (this.#edited?.get().eq(this.#base) === true) {
      this.#setState({ kind: 'saved' });
      void this.#drafts.remove(this.path);
      return;
    }
    if (this.#state.kind !== 'failed' && this.#state.kind !== 'saving') this.#setState({ kind: 'changed' });
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => void this.#keepDraft(), DRAFT_PAUSE);
  }

  /** Takes what an earlier visit left: merged, if the file has changed since then. */
  async restore(draft: Draft): Promise<void> {
    const edited = this.#edited;
    if (edited === undefined) return;
    const conflicts = this.#mergeInto(edited, toText(draft.base), toText(draft.text));
    this.changed();
    if (conflicts > 0) this.#events.merged(conflicts);
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
        const options = this.#hash === null ? {} : { ifMatch: this.#hash };
        const model = await api.put<ContentsModel>(this.#address(), body, options);
        this.#base = saved;
        this.#hash = model.hash ?? (await this.#currentHash());
        this.modified = Date.parse(model.last_modified);
        const isSaved = edited.get().eq(saved);
        this.#setState({ kind: isSaved ? 'saved' : 'changed' });
        if (isSaved) await this.#drafts.remove(this.path);
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
    if (this.#edited === undefined || this.#busy !== undefined) return;
    await this.#exclusive(async () => {
      const edited = this.#edited;
      if (edited === undefined) return;
      const hash = await this.#currentHash();
      if (hash === this.#hash) return;
      if (hash === null) {
        this.#hash = null;
        this.#base = Text.empty;
        this.#setState({ kind: 'changed' });
        this.#events.vanished();
        await this.#keepDraft();
      } else await this.#readAndMerge(edited);
    });
  }

  async rename(path: string): Promise<void> {
    await api.patch(this.#address(), { path });
    await this.#drafts.remove(this.path);
    this.path = path;
    if (this.isChanged) await this.#keepDraft();
  }

  async #readAndMerge(edited: EditedText): Promise<number> {
    const old = this.#base;
    let model: ContentsModel;
    try {
      model = await api.get<ContentsModel>(`${this.#address()}?type=file&format=text&hash=1`);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      this.#hash = null; // deleted just now: saving makes it again
      return 0;
    }
    this.#base = toText(this.#take(model));
    const conflicts = this.#mergeInto(edited, old, edited.get());
    this.#setState({ kind: edited.get().eq(this.#base) ? 'saved' : 'changed' });
    if (this.isChanged) await this.#keepDraft();
    this.#events.merged(conflicts);
    return conflicts;
  }

  /** @returns how many places hold both versions */
  #mergeInto(edited: EditedText, old: Text, ours: Text): number {
    const names = { ours: 'yours', theirs: 'the file' };
    const { text, conflicts } = mergeWithMarks(old, ours, this.#base, names);
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
    const edited = this.#edited;
    if (edited === undefined || !this.isChanged) return;
    const draft = { path: this.path, base: this.#base.toString(), at: Date.now() };
    try {
      await this.#drafts.put({ ...draft, text: edited.get().toString() });
    } catch (error) {
      this.#events.draftFailed(error);
    }
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
