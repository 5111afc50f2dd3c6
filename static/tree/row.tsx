/** One line of the list: a folder, a notebook or a file. */
import type { CSSProperties } from 'preact';
import { dateTime, humanSize, relativeTime } from '../base/format.js';
import { Icon, type IconName } from '../base/icons.js';
import { parentPath, urlFor } from '../base/urls.js';
import * as dashboard from './dashboard.js';
import { linkOf, type Item } from './items.js';
import { openInPlace } from './open-in-place.js';

export function ParentRow() {
  const parent = parentPath(dashboard.path.value);
  return (
    <div class="row parent-row">
      <Icon name="folder" className="kind" />
      <a
        href={urlFor('tree', parent)}
        onClick={(event) => openInPlace(event, parent)}
        aria-label="Up one folder"
      >
        ..
      </a>
    </div>
  );
}

interface RowProps {
  item: Item;
  index: number;
  count: number;
  reachable: boolean;
  style: CSSProperties | undefined;
  onToggle(index: number, range: boolean): void;
  onFocus(): void;
}

export function Row({ item, index, count, reachable, style, onToggle, onFocus }: RowProps) {
  const isSelected = dashboard.selection.value.has(item.path);
  const session = dashboard.running.value.get(item.path);
  const icon: IconName =
    item.kind === 'directory' ? 'folder' : item.kind === 'notebook' ? 'notebook' : 'file';
  const link = linkOf(item);
  return (
    <li
      class={`row ${isSelected ? 'selected' : ''}`}
      data-tree-item={item.kind}
      data-index={index}
      aria-setsize={count}
      aria-posinset={index + 1}
      style={style}
      onClick={(event) => {
        if ((event.target as HTMLElement).closest('a, input') === null) onToggle(index, event.shiftKey);
      }}
    >
      <input
        type="checkbox"
        checked={isSelected}
        tabIndex={-1}
        aria-label={`Select ${item.name}`}
        onClick={(event) => onToggle(index, event.shiftKey)}
      />
      <Icon name={icon} className={`kind ${session === undefined ? '' : 'running'}`} />
      <a
        href={link.href}
        target={link.target}
        rel={link.target === undefined ? undefined : 'noopener'}
        tabIndex={reachable ? 0 : -1}
        title={item.name}
        onFocus={onFocus}
        onClick={(event) => {
          if (item.kind === 'directory') openInPlace(event, item.path);
        }}
      >
        <bdi>{item.name}</bdi>
        {item.kind === 'directory' && <span class="visually-hidden">, folder</span>}
      </a>
      {session !== undefined && <span class="running-word">Running</span>}
      <time class="modified" dateTime={new Date(item.modified).toISOString()} title={dateTime(item.modified)}>
        {relativeTime(item.modified, Date.now())}
      </time>
      <span class="size">{item.size === null ? '' : humanSize(item.size)}</span>
    </li>
  );
}
