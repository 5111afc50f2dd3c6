/** The list of a folder, and its keyboard. Long lists build only what is on screen. */
import { useSignal, useSignalEffect } from '@preact/signals';
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
  const at = useSignal(0); // index of the row that Tab reaches
  const focusWanted = useSignal(false);
  const anchor = useRef<number>(undefined);
  // until it is measured: what fits into the window at most
  const visible = useSignal<[number, number]>([0, Math.ceil(window.innerHeight / ROW) + OVERSCAN]);

  const rows = dashboard.shown.value;
  const current = Math.min(at.value, Math.max(0, rows.length - 1));
  const windowed = rows.length > WINDOW_FROM;
  const [from, to] = windowed ? visible.value : [0, rows.length];

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
    measure();
    window.addEventListener('scroll', later, { passive: true });
    window.addEventListener('resize', later);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener('scroll', later);
      window.removeEventListener('resize', later);
    };
  }, [windowed]);
  // another folder or another order: back to the first row
  useSignalEffect(() => {
    void dashboard.path.value;
    void dashboard.sort.value;
    at.value = 0;
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
  useLayoutEffect(() => {
    if (!wantsFocus) return;
    const link = list.current?.querySelector<HTMLElement>(`[data-index="${at.value}"] a`);
    if (link == null) return;
    focusWanted.value = false;
    link.focus({ preventScroll: true });
    link.scrollIntoView({ block: 'nearest' });
  });

  const moveTo = (index: number, extend: boolean): void => {
    const target = Math.max(0, Math.min(rows.length - 1, index));
    if (extend) {
      anchor.current ??= current;
      const [low, high] = [Math.min(anchor.current, target), Math.max(anchor.current, target)];
      dashboard.selection.value = new Set(rows.slice(low, high + 1).map((row) => row.path));
    } else anchor.current = undefined;
    at.value = target;
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
    const start = range ? (anchor.current ?? current) : index;
    const on = !dashboard.selection.value.has(row.path);
    const [low, high] = [Math.min(start, index), Math.max(start, index)];
    dashboard.setSelected(
      rows.slice(low, high + 1).map((each) => each.path),
      range || on,
    );
    anchor.current = index;
    at.value = index;
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
                  paddingTop: `calc(${from} * var(--row))`,
                  paddingBottom: `calc(${Math.max(0, rows.length - to)} * var(--row))`,
                }
              : undefined
          }
          onKeyDown={onKey}
        >
          {rows.slice(from, to).map((item, offset) => (
            <Row
              key={item.path}
              item={item}
              index={from + offset}
              count={rows.length}
              reachable={from + offset === current}
              onToggle={toggle}
              onFocus={() => (at.value = from + offset)}
            />
          ))}
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
