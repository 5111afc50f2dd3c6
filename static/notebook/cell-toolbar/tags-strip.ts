/** The tags of a cell as chips, and a field for new ones. */
import type { Cell, CellId } from '../../../src/notebook/types.js';
import { iconElement } from '../../base/icon-element.js';
import type { ToolbarHost } from './cell-toolbar.js';

export function tagsStrip({ id, metadata }: Cell, host: ToolbarHost): HTMLElement[] {
  const tags = tagsOf(metadata['tags']);
  const list = document.createElement('ul');
  list.className = 'tags';
  list.setAttribute('aria-label', 'Tags');
  for (const tag of tags) {
    const item = document.createElement('li');
    item.textContent = tag;
    if (host.canEdit) item.append(remover(id, tag, host));
    list.append(item);
  }
  if (!host.canEdit) return [list];
  const form = document.createElement('form');
  form.className = 'tag-form';
  const field = document.createElement('input');
  field.className = 'field';
  field.setAttribute('aria-label', 'New tags, separated by blanks or commas');
  field.placeholder = 'tag';
  field.autocomplete = 'off';
  field.spellcheck = false;
  const add = document.createElement('button');
  add.className = 'button';
  add.textContent = 'Add tag';
  form.append(field, add);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    addTags(id, field.value, host);
  });
  // the classic habit: a blank or a comma ends a tag
  field.addEventListener('keydown', (event) => {
    if (event.key !== ' ' && event.key !== ',') return;
    event.preventDefault();
    addTags(id, field.value, host);
  });
  return [list, form];
}

function addTags(id: CellId, text: string, host: ToolbarHost): void {
  const old = tagsOf(host.view.cell(id)?.cell.metadata['tags']);
  const fresh = text.split(/[\s,]+/).filter((tag) => tag !== '' && !old.includes(tag));
  if (fresh.length === 0) return;
  setTags(id, [...old, ...new Set(fresh)], host);
  // the strip was drawn anew
  document
    .querySelector<HTMLElement>(`[data-cell-id="${CSS.escape(id)}"] .tag-form .field`)
    ?.focus({ preventScroll: true });
}

function remover(id: CellId, tag: string, host: ToolbarHost): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button';
  button.title = `Remove the tag ${tag}`;
  button.setAttribute('aria-label', button.title);
  button.append(iconElement('close'));
  button.addEventListener('click', () => {
    setTags(
      id,
      tagsOf(host.view.cell(id)?.cell.metadata['tags']).filter((each) => each !== tag),
      host,
    );
  });
  return button;
}

function setTags(id: CellId, tags: string[], host: ToolbarHost): void {
  const { tags: _old, ...rest } = host.view.cell(id)?.cell.metadata ?? {};
  host.perform([{ op: 'set-metadata', id, metadata: tags.length === 0 ? rest : { ...rest, tags } }]);
}

function tagsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((tag): tag is string => typeof tag === 'string') : [];
}
