/** The state of the dashboard as signals, and how it is loaded: folder, selection, sorting, sessions, kernels. */
import { batch, computed, signal } from '@preact/signals';
import type {
  ContentsModel,
  KernelspecsModel,
  SessionModel,
  TerminalModel,
} from '../../src/protocol/rest-models.js';
import { api, ApiError, onLoginExpired } from '../base/api.js';
import { announce } from '../base/notify.js';
import { pageData } from '../base/page-data.js';
import { ServerEvents } from '../base/server-events.js';
import { baseName, encodePath, urlFor } from '../base/urls.js';
import { filterItems, isHidden, sortItems, toItem, type Item, type Sort, type SortKey } from './items.js';

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
export const items = signal<Item[] | undefined>(undefined);
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
export const shown = computed(() => sortItems(filterItems(listed.value, filter.value), sort.value));
export const selected = computed(() => listed.value.filter((item) => selection.value.has(item.path)));
export const running = computed(() => new Map(sessions.value.map((session) => [session.path, session])));

let loading: AbortController | undefined;

let events: ServerEvents | undefined;

/** Reads the folder again. What was selected and is still there stays selected. */
export async function refresh(): Promise<void> {
  if (stopped.value) return;
  loading?.abort();
  const mine = (loading = new AbortController());
  const wanted = path.value;
  const address = `api/contents${wanted === '' ? '' : `/${encodePath(wanted)}`}?type=directory`;
  const list = async (): Promise<void> => {
    const first = items.value === undefined;
    const model = await api.get<ContentsModel>(address, { signal: mine.signal, preloaded: first });
    const fresh = (model.content as ContentsModel[]).map(toItem);
    const paths = new Set(fresh.map((item) => item.path));
    batch(() => {
      items.value = fresh;
      trouble.value = undefined;
      const kept = [...selection.value].filter((each) => paths.has(each));
      if (kept.length !== selection.value.size) selection.value = new Set(kept);
    });
  };
  const specs = kernelspecs.value === undefined ? loadKernelspecs() : undefined;
  const results = await Promise.allSettled([list(), loadSessions(), loadTerminals(), specs]);
  const failed = results.find((result) => result.status === 'rejected');
  if (mine.signal.aborted || failed === undefined || trouble.value?.kind === 'login') return;
  trouble.value = describe(failed.reason);
}

function describe(error: unknown): Trouble {
  if (!(error instanceof ApiError)) return { kind: 'other', message: String(error) };
  if (error.unreachable) return { kind: 'unreachable', message: error.message };
  if (error.status === 404) {
    return { kind: 'missing', message: `There is no folder named "${path.value}" any more.` };
  }
  return { kind: 'other', message: `The list cannot be read. ${error.message}` };
}

export async function loadSessions(): Promise<void> {
  // What kernels use is read from the system for each of them: only for somebody who looks.
  const query = tab.value === 'running' ? '?resources=1' : '';
  sessions.value = await api.get<SessionModel[]>(`api/sessions${query}`);
}

async function loadTerminals(): Promise<void> {
  if (pageData<TreePageData>().terminals !== 'available') return;
  terminals.value = await api.get<TerminalModel[]>('api/terminals');
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
  events?.directoriesChanged();
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

function tabOfAddress(): Tab {
  const name = location.hash.slice(1);
  return name === 'running' || name === 'server' ? name : 'files';
}

export function showTab(next: Tab): void {
  tab.value = next;
  void loadSessions().catch(() => undefined); // the next refresh says what is wrong
  history.replaceState(null, '', next === 'files' ? location.pathname + location.search : `#${next}`);
}

/** Changes that come together, for example of a program that writes many files, are read once. ms */
const GATHER = 200;

/** Hears what changes, so that a new file or a kernel that ends shows at once; what was selected stays so. */
export function followServer(): void {
  const wanted = new Map<() => Promise<void>, ReturnType<typeof setTimeout>>();
  const soon = (load: () => Promise<void>): void => {
    if (wanted.has(load)) return;
    const run = () => {
      wanted.delete(load);
      if (!stopped.value && !document.hidden) void load().catch(() => undefined); // the usual refresh shows troubles
    };
    wanted.set(load, setTimeout(run, GATHER));
  };
  let connected = false;
  events = new ServerEvents({
    directories: () => [path.value],
    onChange(event) {
      if (event.list === 'terminals') soon(loadTerminals);
      else if (event.list !== 'files') soon(loadSessions);
      else if (event.path === path.value) soon(refresh);
    },
    onConnect() {
      if (connected) soon(refresh); // what happened while it was lost is not known
      connected = true;
    },
  });
}

/**
 * Keeps the list fresh where nobody tells of changes: every minute while somebody looks, at most every ten seconds when the window gets focus, and
 * every five seconds while the server does not answer.
 */
export function keepFresh(): void {
  let last = performance.now();
  const again = (least: number): void => {
    if (document.hidden || performance.now() - last < least) return;
    last = performance.now();
    void refresh();
  };
  window.addEventListener('focus', () => again(10_000));
  document.addEventListener('visibilitychange', () => again(10_000));
  setInterval(() => again(trouble.value?.kind === 'unreachable' ? 5_000 : 60_000), 5_000);
  window.addEventListener('popstate', () => {
    const base = urlFor('tree');
    if (!location.pathname.startsWith(base)) return;
    tab.value = tabOfAddress();
    const target = decodeURIComponent(location.pathname.slice(base.length)).replace(/^\/|\/$/g, '');
    if (target !== path.value) void openFolder(target, false);
  });
  onLoginExpired(() => {
    trouble.value = { kind: 'login', message: 'You are logged out. Log in again to go on.' };
  });
}
