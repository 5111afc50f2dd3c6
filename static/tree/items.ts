/** What the dashboard lists: entries of a folder, how they are ordered, filtered and where they lead. Pure. */
import type { ContentsModel } from '../../src/protocol/rest-models.js';
import { urlFor } from '../base/urls.js';
import { compareNames, nameKey } from './name-order.js';

export type Kind = 'directory' | 'notebook' | 'file';

export interface Item {
  name: string;
  path: string;
  kind: Kind;
  /** milliseconds since 1970 */
  modified: number;
  /** bytes; null for folders */
  size: number | null;
  writable: boolean;
  mimetype: string | null;
  /** of the name (see nameKey); made when it is sorted, where it is missing */
  key?: string | null;
}

export type SortKey = 'name' | 'modified' | 'size';
export interface Sort {
  by: SortKey;
  descending: boolean;
}

export function toItem(model: ContentsModel): Item {
  return {
    name: model.name,
    path: model.path,
    kind: model.type,
    modified: Date.parse(model.last_modified),
    size: model.size,
    writable: model.writable,
    mimetype: model.mimetype,
    key: nameKey(model.name),
  };
}

const order: Record<Kind, number> = { directory: 0, notebook: 1, file: 2 };

function keyOf(item: Item): string | null {
  if (item.key === undefined) item.key = nameKey(item.name);
  return item.key;
}

/** By name: folders, then notebooks, then files, as the classic; equal dates and sizes fall back to the name. */
export function sortItems(items: readonly Item[], sort: Sort): Item[] {
  // All by keys or none: a list that is compared in two ways has no order.
  const isPlain = items.every((item) => keyOf(item) !== null);
  const byName = (a: Item, b: Item): number => {
    const [one, other] = [a.key ?? '', b.key ?? ''];
    if (!isPlain || one === other) return compareNames(a.name, b.name);
    return one < other ? -1 : 1;
  };
  const compare = {
    name: byName,
    modified: (a: Item, b: Item) => a.modified - b.modified || byName(a, b),
    size: (a: Item, b: Item) => (a.size ?? -1) - (b.size ?? -1) || byName(a, b),
  }[sort.by];
  const direction = sort.descending ? -1 : 1;
  return [...items].sort(
    (a, b) => (sort.by === 'name' ? order[a.kind] - order[b.kind] : 0) || direction * compare(a, b),
  );
}

/** Whether two lists show the same. */
export function areSame(one: readonly Item[], other: readonly Item[]): boolean {
  return (
    one.length === other.length &&
    one.every((item, at) => {
      const { path, kind, modified, size, writable } = other[at] ?? {};
      return (
        item.path === path &&
        item.kind === kind &&
        item.modified === modified &&
        item.size === size &&
        item.writable === writable
      );
    })
  );
}

/** Names that hold every word of the filter, in any case and order. */
export function filterItems(items: readonly Item[], filter: string): readonly Item[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items;
  return items.filter((item) => {
    const name = item.name.toLowerCase();
    return words.every((word) => name.includes(word));
  });
}

/** Names that begin with a dot; the server lists them only with `allow_hidden`. */
export function isHidden(item: Pick<Item, 'name'>): boolean {
  return item.name.startsWith('.');
}

/** What the browser shows better than a text page. */
const viewable = /^(text\/html|application\/xhtml\+xml|image\/|audio\/|video\/)/;

/** Folders open in place; everything else in a tab of its own. */
export function linkOf(item: Pick<Item, 'kind' | 'path' | 'mimetype'>): { href: string; target?: '_blank' } {
  if (item.kind === 'directory') return { href: urlFor('tree', item.path) };
  const route =
    item.kind === 'notebook'
      ? 'notebooks'
      : item.mimetype === 'application/pdf'
        ? 'files'
        : item.mimetype !== null && viewable.test(item.mimetype)
          ? 'view'
          : 'edit';
  return { href: urlFor(route, item.path), target: '_blank' };
}

/**
 * Why a name cannot be given to a file, as a sentence; undefined when it can.
 *
 * @param mayHide  the name may begin with a dot
 */
export function nameProblem(name: string, mayHide = false): string | undefined {
  if (name.trim() === '') return 'The name must not be empty.';
  if (name.includes('/')) return 'The name must not contain a slash. Move changes the folder.';
  if (name === '.' || name === '..') return 'This name has a meaning of its own; choose another.';
  if (!mayHide && isHidden({ name })) return 'A name that starts with a dot would be hidden; choose another.';
  if (name.includes('\0')) return 'The name contains a character that no file can have.';
  return undefined;
}

/** How many characters of a name are selected for renaming: up to the extension, which mostly stays. */
export function stemLength(name: string): number {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? dot : name.length;
}

/** `report.ipynb` → `report-1.ipynb`: the first such name that `taken` does not have. */
export function freeName(name: string, taken: (name: string) => boolean): string {
  const stem = name.slice(0, stemLength(name));
  const extension = name.slice(stem.length);
  for (let number = 1; ; number += 1) {
    const candidate = `${stem}-${number}${extension}`;
    if (!taken(candidate)) return candidate;
  }
}
