/** Messages that do not ask anything: notices at the lower right, and a live region for what is only to be heard. */
import { iconElement } from './icon-element.js';

export interface NoticeAction {
  label: string;
  run(): void;
}

export interface NoticeOptions {
  kind?: 'info' | 'warning' | 'error';
  /** how long it stays; 0: until it is closed. Default: 5 for info, 0 for the rest */
  seconds?: number;
  action?: NoticeAction | readonly NoticeAction[];
  /** a notice with the same key takes the place of the earlier one */
  key?: string;
}

export interface Notice {
  close(): void;
}

const open = new Map<string, Notice>();

export function notify(message: string, options: NoticeOptions = {}): Notice {
  const kind = options.kind ?? 'info';
  if (options.key !== undefined) open.get(options.key)?.close();
  const element = document.createElement('div');
  element.className = `notice ${kind}`;
  element.setAttribute('role', kind === 'error' ? 'alert' : 'status');
  const text = document.createElement('span');
  element.append(text);

  let timer: ReturnType<typeof setTimeout> | undefined;
  const notice: Notice = {
    close() {
      clearTimeout(timer);
      element.remove();
      if (options.key !== undefined && open.get(options.key) === notice) open.delete(options.key);
    },
  };
  for (const action of [options.action ?? []].flat()) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button';
    button.textContent = action.label;
    button.addEventListener('click', () => {
      notice.close();
      action.run();
    });
    element.append(button);
  }
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'close';
  close.setAttribute('aria-label', 'Close this message');
  close.append(iconElement('close'));
  close.addEventListener('click', () => notice.close());
  element.append(close);

  area().append(element);
  text.textContent = message; // after it is in the page, so that it is spoken
  const seconds = options.seconds ?? (kind === 'info' ? 5 : 0);
  if (seconds > 0) timer = setTimeout(() => notice.close(), seconds * 1000);
  if (options.key !== undefined) open.set(options.key, notice);
  return notice;
}

/** The error of a failed action, as a notice. */
export function notifyError(what: string, error: unknown): Notice {
  const sentence = error instanceof Error ? error.message : String(error);
  return notify(`${what} ${sentence}`, { kind: 'error', key: what });
}

function area(): HTMLElement {
  const found = document.querySelector<HTMLElement>('.notices');
  if (found !== null) return found;
  const made = document.createElement('div');
  made.className = 'notices';
  document.body.append(made);
  return made;
}

let region: HTMLElement | undefined;
let pending: ReturnType<typeof setTimeout> | undefined;

/** Says something to screen readers only; of several within 150 ms the last is spoken. */
export function announce(message: string): void {
  if (region === undefined || !region.isConnected) {
    region = document.createElement('div');
    region.className = 'visually-hidden';
    region.setAttribute('role', 'status');
    region.setAttribute('aria-live', 'polite');
    document.body.append(region);
  }
  const target = region;
  target.textContent = '';
  clearTimeout(pending);
  pending = setTimeout(() => (target.textContent = message), 150);
}
