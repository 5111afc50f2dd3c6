/** The head of the list: what is selected, where one is, the filter, and the order. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../base/icons.js';
import { MenuButton } from '../base/menu.js';
import { urlFor } from '../base/urls.js';
import * as dashboard from './dashboard.js';
import type { Item, SortKey } from './items.js';
import { openInPlace } from './open-in-place.js';

export function ListHeader({ onDown }: { onDown(): void }) {
  const all = useRef<HTMLInputElement>(null);
  const rows = dashboard.shown.value;
  const count = dashboard.selected.value.length;
  useLayoutEffect(() => {
    if (all.current !== null) all.current.indeterminate = count > 0 && count < rows.length;
  });
  const select = (fits: (item: Item) => boolean): void => {
    dashboard.selection.value = new Set(rows.filter(fits).map((row) => row.path));
  };
  return (
    <div class="list-header">
      <div class="button-group select-group">
        <label class="button">
          <input
            ref={all}
            type="checkbox"
            aria-label="Select all"
            checked={rows.length > 0 && count >= rows.length}
            onClick={() => select(() => count === 0)}
          />
          <span aria-hidden="true">{count}</span>
        </label>
        <MenuButton
          label="Select by kind"
          entries={() => [
            { label: 'Folders', icon: 'folder', run: () => select((item) => item.kind === 'directory') },
            {
              label: 'All Notebooks',
              icon: 'notebook',
              run: () => select((item) => item.kind === 'notebook'),
            },
            {
              label: 'Running',
              icon: 'run',
              run: () => select((item) => dashboard.running.value.has(item.path)),
            },
            { label: 'Files', icon: 'file', run: () => select((item) => item.kind === 'file') },
          ]}
        />
      </div>
      <Breadcrumb />
      <label class="filter">
        <span class="visually-hidden">Filter by name</span>
        <Icon name="search" />
        <input
          id="filter"
          type="search"
          class="field"
          placeholder="Filter"
          autocomplete="off"
          spellcheck={false}
          value={dashboard.filter.value}
          onInput={(event) => (dashboard.filter.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') dashboard.filter.value = '';
            else if (event.key === 'ArrowDown') onDown();
            else if (event.key === 'Enter') document.querySelector<HTMLElement>('.file-list li a')?.click();
            else return;
            event.preventDefault();
          }}
        />
      </label>
      <div class="sort-buttons" role="group" aria-label="Sort">
        <SortButton by="name" label="Name" />
        <SortButton by="modified" label="Last Modified" />
        <SortButton by="size" label="File size" />
      </div>
    </div>
  );
}

function SortButton({ by, label }: { by: SortKey; label: string }) {
  const { by: now, descending } = dashboard.sort.value;
  const active = now === by;
  return (
    <button
      type="button"
      class={`button sort-${by}`}
      aria-pressed={active}
      title={active ? `Sorted by ${label}, ${descending ? 'descending' : 'ascending'}` : `Sort by ${label}`}
      onClick={() => dashboard.sortBy(by)}
    >
      {label}
      {active && <Icon name={descending ? 'up' : 'down'} />}
    </button>
  );
}

function Breadcrumb() {
  const segments = dashboard.path.value.split('/').filter(Boolean);
  return (
    <nav class="breadcrumb" aria-label="Folder">
      <a
        href={urlFor('tree')}
        aria-label="Home"
        aria-current={segments.length === 0 ? 'page' : undefined}
        onClick={(event) => openInPlace(event, '')}
      >
        <Icon name="folder-filled" />
      </a>
      <span aria-hidden="true">/</span>
      {segments.map((segment, index) => {
        const path = segments.slice(0, index + 1).join('/');
        const last = index === segments.length - 1;
        return (
          <span key={path}>
            <a
              href={urlFor('tree', path)}
              aria-current={last ? 'page' : undefined}
              onClick={(event) => openInPlace(event, path)}
            >
              <bdi>{segment}</bdi>
            </a>
            <span aria-hidden="true"> / </span>
          </span>
        );
      })}
    </nav>
  );
}
