/** `application/json` as a tree of `<details>`; a branch is built when it is opened. */
import type { JsonValue } from '../../../src/notebook/types.js';

const SHOWN = 200;
const PREVIEW = 80;

export function jsonTree(value: JsonValue, expanded = false): HTMLElement {
  const root = document.createElement('div');
  root.className = 'json-tree';
  root.append(node(undefined, value, expanded));
  return root;
}

function node(key: string | undefined, value: JsonValue, open: boolean): HTMLElement {
  if (typeof value !== 'object' || value === null) {
    const leaf = document.createElement('div');
    leaf.className = 'json-leaf';
    leaf.append(...label(key), scalar(value));
    return leaf;
  }
  const entries = Array.isArray(value)
    ? value.map((each, i) => [String(i), each] as const)
    : Object.entries(value);
  const branch = document.createElement('details');
  const summary = document.createElement('summary');
  const preview = document.createElement('span');
  preview.className = 'json-preview';
  preview.textContent = Array.isArray(value)
    ? `[${entries.length === 1 ? '1 item' : `${entries.length} items`}]`
    : `{${shorten(entries.map(([name]) => name).join(', '))}}`;
  summary.append(...label(key), preview);
  branch.append(summary);
  let shown = 0;
  const more = () => {
    const next = entries.slice(shown, shown + SHOWN);
    shown += next.length;
    branch.append(...next.map(([name, child]) => node(name, child ?? null, false)));
    if (shown >= entries.length) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button';
    button.textContent = `Show more of ${entries.length} items`;
    button.addEventListener('click', () => {
      button.remove();
      more();
    });
    branch.append(button);
  };
  branch.addEventListener('toggle', () => {
    if (branch.open && shown === 0) more();
  });
  branch.open = open;
  if (open) more();
  return branch;
}

function label(key: string | undefined): HTMLElement[] {
  if (key === undefined) return [];
  const element = document.createElement('span');
  element.className = 'json-key';
  element.textContent = `${key}: `;
  return [element];
}

function scalar(value: string | number | boolean | null): HTMLElement {
  const element = document.createElement('span');
  element.className =
    typeof value === 'string' ? 'tok-string' : typeof value === 'number' ? 'tok-number' : 'tok-keyword';
  element.textContent = JSON.stringify(value);
  return element;
}

function shorten(text: string): string {
  return text.length > PREVIEW ? `${text.slice(0, PREVIEW)}…` : text;
}
