/** The list of a directory on its way to a client: its models as JSON text, each made once for as long as nothing changes. */
import type { ContentsModel } from '../protocol/rest-models.js';
import { bareModel } from './models.js';
import type { Entry } from './notebook-manager.js';
import { joinPath } from './paths.js';
import { inSteps } from './steps.js';

export class DirectoryContent {
  /**
   * @param path     of the directory
   * @param entries  what is in it
   * @param texts    of their models, in the same order
   */
  constructor(
    readonly path: string,
    readonly entries: readonly Entry[],
    readonly texts: readonly string[],
  ) {}

  /** As models, for who is in this process. */
  value(): ContentsModel[] {
    return this.entries.map((entry) => bareModel(joinPath(this.path, entry.name), entry));
  }
}

/** Entries that are made into text before the clock is looked at. */
const STEP = 100;

/** Texts stay with their entries: a store that gives an entry again, since nothing changed, gets its text again. */
export class DirectoryTexts {
  readonly #texts = new WeakMap<Entry, { directory: string; text: string }>();

  /** Others get their turn while a long list is made. */
  async of(directory: string, entries: readonly Entry[]): Promise<DirectoryContent> {
    return new DirectoryContent(directory, entries, await inSteps(this.#make(directory, entries)));
  }

  *#make(directory: string, entries: readonly Entry[]): Generator<void, string[]> {
    const texts: string[] = [];
    for (const entry of entries) {
      texts.push(this.#textOf(directory, entry));
      if (texts.length % STEP === 0) yield;
    }
    return texts;
  }

  #textOf(directory: string, entry: Entry): string {
    const known = this.#texts.get(entry);
    if (known?.directory === directory) return known.text;
    const text = JSON.stringify(bareModel(joinPath(directory, entry.name), entry));
    this.#texts.set(entry, { directory, text });
    return text;
  }
}
