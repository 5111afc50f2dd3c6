/** The list of a directory on its way to a client: its models as JSON text, each made once for as long as nothing changes. */
import type { ContentsModel } from '../protocol/rest-models.js';
import { BoundedMap } from './bounded-map.js';
import { findAhead } from './find-ahead.js';
import { bareModel, mimeTypeOf, timestamp, typeOf } from './models.js';
import type { Entry } from './notebook-manager.js';
import { joinPath } from './paths.js';
import { inSteps } from './steps.js';

export class DirectoryContent {
  /**
   * @param path     of the directory
   * @param entries  what is in it
   * @param pieces   their models as JSON, many in each piece; a comma belongs between two pieces
   */
  constructor(
    readonly path: string,
    readonly entries: readonly Entry[],
    readonly pieces: readonly string[],
  ) {}

  /** As models, for who is in this process. */
  value(): ContentsModel[] {
    return this.entries.map((entry) => bareModel(joinPath(this.path, entry.name), entry));
  }
}

/** Entries of one piece. */
const PIECE = 1000;
/** Entries that are made into text before the clock is looked at. */
const STEP = 50;
/** Entries whose text is kept, of all directories together. */
const MOST = 20_000;

interface Known {
  given: readonly Entry[];
  content: DirectoryContent;
  /** of each entry of `content` */
  texts: readonly string[];
}

export class DirectoryTexts {
  readonly #known = new BoundedMap<string, Known>(MOST);
  readonly #isListed: (name: string) => boolean;

  /** @param isListed  of the name of an entry */
  constructor(isListed: (name: string) => boolean) {
    this.#isListed = isListed;
  }

  /**
   * Others get their turn while a long list is made.
   *
   * @param given  what the store has there; the same frozen array, or the same entries in another one, get the same text
   */
  async of(path: string, given: readonly Entry[]): Promise<DirectoryContent> {
    const before = this.#known.get(path);
    if (before?.given === given && Object.isFrozen(given)) return before.content;
    const entries = given.filter(({ name }) => this.#isListed(name));
    const texts = await inSteps(textsOf(path, entries, before));
    const pieces: string[] = [];
    for (let at = 0; at < texts.length; at += PIECE) pieces.push(texts.slice(at, at + PIECE).join(','));
    const content = new DirectoryContent(path, entries, pieces);
    this.#known.set(path, { given, content, texts }, entries.length);
    return content;
  }
}

/** Entries stay in their order, but for those that came or went. */
function* textsOf(
  path: string,
  entries: readonly Entry[],
  before: Known | undefined,
): Generator<void, string[]> {
  const prefix = path === '' ? '' : JSON.stringify(`${path}/`).slice(1, -1);
  const known = before?.content.entries ?? [];
  const texts: string[] = [];
  let at = 0;
  for (const entry of entries) {
    const found = findAhead(known, at, (each) => each === entry);
    if (found >= 0) at = found + 1;
    texts.push(before?.texts[found] ?? bareModelText(prefix, entry));
    if (texts.length % STEP === 0) yield;
  }
  return texts;
}

/**
 * The JSON of `bareModel`, put together here: it is made ten thousand times for one list.
 *
 * @param prefix  path of the directory with a slash behind it, as it stands inside a JSON string
 */
export function bareModelText(prefix: string, entry: Entry): string {
  const name = JSON.stringify(entry.name);
  const type = typeOf(entry);
  const mimeType = type === 'file' ? mimeTypeOf(entry.name) : undefined;
  const modified = timestamp(entry.modified);
  const born = entry.created ?? entry.modified;
  const created = born.getTime() === entry.modified.getTime() ? modified : timestamp(born);
  return `{"name":${name},"path":"${prefix}${name.slice(1)},"last_modified":"${modified}","created":"${created}","content":null,"format":null,"mimetype":${mimeType === undefined ? 'null' : JSON.stringify(mimeType)},"size":${entry.size ?? null},"writable":${entry.writable},"hash":null,"hash_algorithm":null,"type":"${type}"}`;
}
