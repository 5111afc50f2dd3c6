/** The list of a folder, and its keyboard. Long lists build only what is on screen. */
import { useSignal, useSignalEffect } from '@preact/signals';
import type { CSSProperties } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Keymap } from '../base/commands.js';
import { parentPath } from '../base/urls.js';
import { commands } from './actions.js';
import * as dashboard from './dashboard.js';
import { ListHeader } from './list-header.js';
import { ParentRow, Row } from './row.js';

/** Up to here every row is in the document, so that the browser's own find sees them. */
const WINDOW_FROM = 300;
const OVERSCAN = 12;
/** Height of a row where there is none to measure; px */
const ROW = 32;

const keymap = new Keymap(commands, { mode: () => 'list' });

export function FileList() {
  const list = useRef<HTMLUListElement>(null);
  // By path: what other programs write moves the rows, and a key must not act on the one that came into the place.
  const at = useSignal<string | undefined>(undefined); // the row that Tab reaches
  const lastIndex = useRef(0); // of it, for when it is gone
  const anchor = useRef<string>(undefined);
  const focusWanted = useSignal(false);
  // until it is measured: what fits into the window at most
  const visible = useSignal<[number, number]>([0, Math.ceil(window.innerHeight / ROW) + OVERSCAN]);

  const rows = dashboard.shown.value;
  const indexOf = (path: string | undefined, otherwise: number): number => {
    if (path === undefined || rows[otherwise]?.path === path) return otherwise;
    const index = rows.findIndex((row) => row.path === path);
    return index === -1 ? otherwise : index;
  };
  const current = Math.min(indexOf(at.value, lastIndex.current), Math.max(0, rows.length - 1));
  lastIndex.current = current;
  const windowed = rows.length > WINDOW_FROM;
  const [first, last] = windowed ? visible.value : [0, rows.length];
  // The list may have become shorter than where it is scrolled to.
  const from = Math.max(0, Math.min(first, rows.length - (last - first)));
  const to = Math.min(from + last - first, rows.length);

  const measure = (): void => {
    const element = list.current;
    if (element === null) return;
    const height = rowHeight(element);
    const top = -element.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / height) - OVERSCAN);
    const last = Math.ceil((top + window.innerHeight) / height) + OVERSCAN;
    const [oldFirst, oldLast] = visible.value;
    // in steps, so that not every wheel click renders
    if (Math.abs(first - oldFirst) > OVERSCAN / 2 || Math.abs(last - oldLast) > OVERSCAN / 2) {
      visible.value = [first, Math.max(last, first + 1)];
    }
  };
  useEffect(() => {
    let frame = 0;
    const later = (): void => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(measure);
    };
    window.addEventListener('scroll', later, { passive: true });
    window.addEventListener('resize', later);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener('scroll', later);
      window.removeEventListener('resize', later);
    };
  }, []);
  useEffect(measure, [windowed, rows.length]);
  // another folder or another order: back to the first row
  useSignalEffect(() => {
    void dashboard.path.value;
    void dashboard.sort.value;
    at.value = undefined;
    lastIndex.current = 0;
  });
  const wanted = dashboard.focusWanted.value;
  useLayoutEffect(() => {
    const index = wanted === undefined ? -1 : rows.findIndex((row) => row.path === wanted);
    if (index === -1) return;
    dashboard.focusWanted.value = undefined;
    moveTo(index, false);
  });
  // read here, so that it is drawn anew also when the row that Tab reaches stays the same
  const wantsFocus = focusWanted.value;
  const hadFocus = list.current?.contains(document.activeElement) === true;
  useLayoutEffect(() => {
    // A row that another program removed takes the focus with it.
    if (!wantsFocus && !(hadFocus && document.activeElement === document.body)) return;
    const link = list.current?.querySelector<HTMLElement>(`[data-index="${current}"] a`);
    if (link == null) return;
    focusWanted.value = false;
    link.focus({ preventScroll: true });
    if (wantsFocus) link.scrollIntoView({ block: 'nearest' });
  });

  const moveTo = (index: number, extend: boolean): void => {
    const target = Math.max(0, Math.min(rows.length - 1, index));
    if (extend) {
      anchor.current ??= rows[current]?.path;
      const start = indexOf(anchor.current, current);
      const [low, high] = [Math.min(start, target), Math.max(start, target)];
      dashboard.selection.value = new Set(rows.slice(low, high + 1).map((row) => row.path));
    } else anchor.current = undefined;
    at.value = rows[target]?.path;
    focusWanted.value = rows.length > 0;
    const element = list.current;
    if (windowed && element !== null && (target < from || target >= to)) {
      const top = element.getBoundingClientRect().top + window.scrollY + target * rowHeight(element);
      window.scrollTo(0, top - window.innerHeight / 2);
      measure();
    }
  };
  const toggle = (index: number, range: boolean): void => {
    const row = rows[index];
    if (row === undefined) return;
    const start = range ? indexOf(anchor.current, current) : index;
    const on = !dashboard.selection.value.has(row.path);
    const [low, high] = [Math.min(start, index), Math.max(start, index)];
    dashboard.setSelected(
      rows.slice(low, high + 1).map((each) => each.path),
      range || on,
    );
    anchor.current = at.value = row.path;
  };

  const onKey = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    const page = Math.max(1, Math.floor(window.innerHeight / ROW) - 3);
    const steps: Record<string, () => void> = {
      ArrowDown: () => moveTo(current + 1, event.shiftKey),
      ArrowUp: () => moveTo(current - 1, event.shiftKey),
      Home: () => moveTo(0, event.shiftKey),
      End: () => moveTo(rows.length - 1, event.shiftKey),
      PageDown: () => moveTo(current + page, event.shiftKey),
      PageUp: () => moveTo(current - page, event.shiftKey),
    };
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const step = plain ? steps[event.key] : undefined;
    if (step !== undefined) step();
    else if (plain && event.key === ' ' && target.tagName === 'A') toggle(current, event.shiftKey);
    else if (plain && event.key === 'Backspace' && dashboard.path.value !== '') {
      void dashboard.openFolder(parentPath(dashboard.path.value)).then(() => (focusWanted.value = true));
    } else if (event.key === 'Escape' && dashboard.filter.value !== '') dashboard.filter.value = '';
    else if (event.key === 'Escape') dashboard.selection.value = new Set();
    else if (plain && event.key.length === 1 && event.key !== ' ') return focusFilter();
    else if (['F2', 'Delete'].includes(event.key) || event.metaKey || event.ctrlKey) {
      // Rename and Delete mean the row under the focus when nothing is selected.
      const row = rows[current];
      const acts = event.key === 'F2' || event.key === 'Delete' || event.key === 'Backspace';
      if (acts && dashboard.selected.value.length === 0 && row !== undefined) {
        dashboard.selection.value = new Set([row.path]);
      }
      if (!keymap.handle(event)) return;
    } else return;
    event.preventDefault();
  };

  const drawn: [index: number, style?: CSSProperties][] = [];
  for (let index = from; index < to; index += 1) drawn.push([index]);
  // The row that Tab reaches is always there: with the focus on it, the keys would go when it is scrolled away.
  if (rows.length > 0 && current < from) {
    drawn.unshift([current, { marginBottom: heightOf(from - current - 1) }]);
  } else if (current >= to && current < rows.length) {
    drawn.push([current, { marginTop: heightOf(current - to) }]);
  }
  const [top = 0, bottom = 0] = [drawn[0]?.[0], drawn.at(-1)?.[0]];

  return (
    <div class="file-list">
      <ListHeader onDown={() => moveTo(0, false)} />
      {dashboard.path.value !== '' && dashboard.filter.value === '' && <ParentRow />}
      {rows.length > 0 ? (
        <ul
          ref={list}
          aria-label={`Files, ${rows.length} items`}
          aria-describedby="list-help"
          style={
            windowed
              ? {
                  paddingTop: heightOf(top),
                  paddingBottom: heightOf(rows.length - 1 - bottom),
                }
              : undefined
          }
          onKeyDown={onKey}
        >
          {drawn.map(([index, style]) => {
            const item = rows[index];
            if (item === undefined) return null;
            return (
              <Row
                key={item.path}
                item={item}
                index={index}
                count={rows.length}
                reachable={index === current}
                style={style}
                onToggle={toggle}
                onFocus={() => (at.value = item.path)}
              />
            );
          })}
        </ul>
      ) : (
        <EmptyText />
      )}
      <p id="list-help" class="visually-hidden">
        Arrow keys move, Enter opens, Space selects, F2 renames, Delete deletes, letters filter.
      </p>
    </div>
  );
}

function heightOf(rows: number): string {
  return `calc(${rows} * var(--row))`;
}

function rowHeight(list: HTMLElement): number {
  return list.firstElementChild?.getBoundingClientRect().height ?? ROW;
}

/** Moves the caret into the filter field, so that the letter that is being pressed lands there. */
function focusFilter(): void {
  const field = document.querySelector<HTMLInputElement>('#filter');
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

function EmptyText() {
  if (dashboard.items.value === undefined) {
    return dashboard.trouble.value === undefined ? <p class="list-empty">Loading…</p> : null;
  }
  if (dashboard.filter.value !== '') {
    return <p class="list-empty">No name here contains “{dashboard.filter.value}”.</p>;
  }
  return (
    <p class="list-empty">
      This folder is empty. Drop files here, or make a notebook with <b>New</b>.
    </p>
  );
}
