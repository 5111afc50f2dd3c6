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
  /** where the text of each entry of `content` begins in its piece; less than to keep ten thousand texts */
  starts: readonly number[];
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
    const { pieces, starts } = await inSteps(textOf(path, entries, before));
    const content = new DirectoryContent(path, entries, pieces);
    this.#known.set(path, { given, content, starts }, entries.length);
    return content;
  }
}

/** Entries stay in their order, but for those that came or went. */
function* textOf(
  path: string,
  entries: readonly Entry[],
  before: Known | undefined,
): Generator<void, { pieces: string[]; starts: number[] }> {
  const prefix = path === '' ? '' : JSON.stringify(`${path}/`).slice(1, -1);
  const known = before?.content.entries ?? [];
  const pieces: string[] = [];
  const starts: number[] = [];
  let texts: string[] = [];
  let length = 0;
  let at = 0;
  for (const entry of entries) {
    const found = findAhead(known, at, (each) => each === entry);
    if (found >= 0) at = found + 1;
    const text = before === undefined || found < 0 ? bareModelText(prefix, entry) : textBefore(before, found);
    starts.push(length);
    texts.push(text);
    length += text.length + 1;
    if (texts.length % STEP === 0) yield;
    if (texts.length < PIECE) continue;
    pieces.push(texts.join(','));
    texts = [];
    length = 0;
  }
  if (texts.length > 0) pieces.push(texts.join(','));
  return { pieces, starts };
}

function textBefore({ content, starts }: Known, index: number): string {
  const piece = content.pieces[Math.floor(index / PIECE)] ?? '';
  const isLast = (index + 1) % PIECE === 0 || index + 1 === starts.length;
  // a comma stands in between
  return piece.slice(starts[index], isLast ? undefined : (starts[index + 1] ?? 0) - 1);
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
