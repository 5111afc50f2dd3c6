/** The state of the dashboard as signals, and how it is loaded: folder, selection, sorting, sessions, kernels. */
import { batch, computed, signal, type Signal } from '@preact/signals';
import type {
  ContentsModel,
  KernelspecsModel,
  SessionModel,
  TerminalModel,
} from '../../src/protocol/rest-models.js';
import { api, ApiError } from '../base/api.js';
import { announce } from '../base/notify.js';
import { pageData } from '../base/page-data.js';
import { painted } from '../base/page-moments.js';
import { mapInSlices, nextTask } from '../base/slices.js';
import { baseName, encodePath, urlFor } from '../base/urls.js';
import {
  areSame,
  filterItems,
  isHidden,
  sortItems,
  toItem,
  type Item,
  type Sort,
  type SortKey,
} from './items.js';

/** What templates/tree.html tells this page (src/pages/router.ts). */
export interface TreePageData {
  path: string;
  quit_button: boolean;
  /** this browser logged in and can log out */
  logout: boolean;
  /** `missing`: the native part is not installed */
  terminals: 'available' | 'disabled' | 'missing';
  /** the server lists hidden files, too (allow_hidden) */
  hidden: boolean;
}

export type Trouble = { kind: 'missing' | 'unreachable' | 'login' | 'other'; message: string };
export type Tab = 'files' | 'running' | 'server';

const sortStorage = 'nbserver.tree.sort';
const hiddenStorage = 'nbserver.tree.hidden';

export const tab = signal<Tab>(tabOfAddress());
export const path = signal(pageData<TreePageData>().path);
/** undefined until the folder was read for the first time */
export const items = signal<readonly Item[] | undefined>(undefined);
export const trouble = signal<Trouble | undefined>(undefined);
export const sort = signal<Sort>(storedSort());
export const filter = signal('');
export const selection = signal<ReadonlySet<string>>(new Set());
export const sessions = signal<SessionModel[]>([]);
export const terminals = signal<TerminalModel[]>([]);
export const kernelspecs = signal<KernelspecsModel | undefined>(undefined);
/** path of a row that shall get focus as soon as it is there */
export const focusWanted = signal<string | undefined>(undefined);
/** set once the server was told to stop */
export const stopped = signal(false);

/** whether names that begin with a dot are listed */
export const showsHidden = signal(stored(hiddenStorage) === true);

const listed = computed(() =>
  showsHidden.value ? (items.value ?? []) : (items.value ?? []).filter((item) => !isHidden(item)),
);
const sorted = computed(() => sortItems(listed.value, sort.value));
export const shown = computed(() => filterItems(sorted.value, filter.value));
/** What actions act on: never on what a filter hides. */
export const selected = computed(() =>
  selection.value.size === 0 ? [] : shown.value.filter((item) => selection.value.has(item.path)),
);
export const running = computed(() => new Map(sessions.value.map((session) => [session.path, session])));

let loading: AbortController | undefined;
let reading: Promise<void> = Promise.resolve();
/** time of the folder itself when it was listed: another one means that something came or went since */
let listedAt: string | undefined;

/** Reads the folder again, and what runs. What was selected and is still there stays selected. */
export function refresh(): Promise<void> {
  reading = read(true);
  return reading;
}

/** Reads the folder again after a load that runs: changes that come all the time must not begin it anew each time. */
export async function refreshList(): Promise<void> {
  await reading;
  await (reading = read(false));
}

/** Between the list and the first word of its changes something may have come. */
export async function catchUp(): Promise<void> {
  await reading;
  const { last_modified } = await api.get<ContentsModel>(`${addressOf(path.value)}?content=0`);
  if (listedAt !== undefined && last_modified !== listedAt) await refreshList();
}

async function read(everything: boolean): Promise<void> {
  if (stopped.value) return;
  loading?.abort();
  const mine = (loading = new AbortController());
  const isFirst = items.value === undefined;
  const list = loadList(mine.signal);
  // What a person came for is on the screen before anything else is asked for.
  if (isFirst) await list.then(painted, () => undefined);
  const specs = () => (kernelspecs.value === undefined ? loadKernelspecs() : undefined);
  const rest = everything ? [loadSessions(), loadTerminals(), specs()] : [];
  const results = await Promise.allSettled([list, ...rest]);
  const failed = results.find((result) => result.status === 'rejected');
  if (mine.signal.aborted || failed === undefined || trouble.value?.kind === 'login') return;
  trouble.value = describe(failed.reason);
}

const addressOf = (folder: string) => `api/contents${folder === '' ? '' : `/${encodePath(folder)}`}`;

/** In steps: a list of ten thousand must not hold up the page. */
async function loadList(signal: AbortSignal): Promise<void> {
  const preloaded = items.value === undefined;
  const address = `${addressOf(path.value)}?type=directory`;
  const model = await api.get<ContentsModel>(address, { signal, preloaded });
  const content = model.content as ContentsModel[];
  if (content.length > LONG) await nextTask();
  const unsorted = await mapInSlices(content, toItem);
  if (content.length > LONG) await nextTask();
  // The order is made again for what is shown, which takes next to nothing when it is there.
  const fresh = sortItems(unsorted, sort.value);
  if (content.length > LONG) await nextTask();
  signal.throwIfAborted();
  batch(() => {
    listedAt = model.last_modified;
    if (items.value === undefined || !areSame(items.value, fresh)) items.value = fresh;
    trouble.value = undefined;
    if (selection.value.size === 0) return;
    const paths = new Set(fresh.map((item) => item.path));
    const kept = [...selection.value].filter((each) => paths.has(each));
    if (kept.length !== selection.value.size) selection.value = new Set(kept);
  });
}

/** Entries of a list whose steps are tasks of their own. */
const LONG = 500;

function describe(error: unknown): Trouble {
  if (!(error instanceof ApiError)) return { kind: 'other', message: String(error) };
  if (error.unreachable) return { kind: 'unreachable', message: error.message };
  if (error.status === 404) {
    return { kind: 'missing', message: `There is no folder named "${path.value}" any more.` };
  }
  return { kind: 'other', message: `The list cannot be read. ${error.message}` };
}

export async function loadSessions(): Promise<void> {
  setIfChanged(sessions, await api.get<SessionModel[]>(`api/sessions${resourcesQuery()}`));
}

/** What processes use is read from the system for each of them: only for somebody who looks. */
const resourcesQuery = () => (tab.value === 'running' ? '?resources=1' : '');

export async function loadTerminals(): Promise<void> {
  if (pageData<TreePageData>().terminals !== 'available') return;
  setIfChanged(terminals, await api.get<TerminalModel[]>(`api/terminals${resourcesQuery()}`));
}

/** Whatever shows it is drawn anew only then. */
function setIfChanged<T>(target: Signal<T>, value: T): void {
  if (JSON.stringify(target.value) !== JSON.stringify(value)) target.value = value;
}

async function loadKernelspecs(): Promise<void> {
  kernelspecs.value = await api.get<KernelspecsModel>('api/kernelspecs');
}

/** Shows another folder in place, as a step in the browser's history. */
export async function openFolder(target: string, push = true): Promise<void> {
  if (push) history.pushState(null, '', urlFor('tree', target));
  batch(() => {
    path.value = target;
    items.value = undefined;
    selection.value = new Set();
    filter.value = '';
    trouble.value = undefined;
  });
  window.scrollTo(0, 0);
  await refresh();
  announce(`Folder ${target === '' ? 'Home' : baseName(target)}, ${items.value?.length ?? 0} items`);
}

/** A second click on the same column turns the order around; dates and sizes begin with the largest. */
export function sortBy(key: SortKey): void {
  const now = sort.value;
  sort.value =
    now.by === key ? { by: key, descending: !now.descending } : { by: key, descending: key !== 'name' };
  store(sortStorage, sort.value);
}

export function toggleHidden(): void {
  showsHidden.value = !showsHidden.value;
  store(hiddenStorage, showsHidden.value);
}

function storedSort(): Sort {
  const { by, descending } = (stored(sortStorage) ?? {}) as Partial<Sort>;
  if (by === 'name' || by === 'modified' || by === 'size') return { by, descending: descending === true };
  return { by: 'name', descending: false };
}

function stored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    return null; // not readable, or not ours: as if nothing had been chosen
  }
}

function store(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // storage is switched off: the choice holds until the page is closed
  }
}

/** Selects one row and moves focus there; a filter that hides it is cleared. */
export function reveal(target: string): void {
  batch(() => {
    if (!shown.value.some((item) => item.path === target)) filter.value = '';
    selection.value = new Set([target]);
    focusWanted.value = target;
  });
}

export function setSelected(paths: Iterable<string>, on: boolean): void {
  const next = new Set(selection.value);
  for (const each of paths) {
    if (on) next.add(each);
    else next.delete(each);
  }
  selection.value = next;
}

export function tabOfAddress(): Tab {
  const name = location.hash.slice(1);
  return name === 'running' || name === 'server' ? name : 'files';
}

export function showTab(next: Tab): void {
  tab.value = next;
  void loadSessions().catch(() => undefined); // the next refresh says what is wrong
  history.replaceState(null, '', next === 'files' ? location.pathname + location.search : `#${next}`);
}
