/** What the header says: name, save state, mode, kernel; and the tab's title and icon. */
import { effect } from '@preact/signals';
import type { KernelState, KernelView } from '../../src/protocol/document-messages.js';
import { relativeTime, dateTime, humanSize } from '../base/format.js';
import { iconElement, type IconName } from '../base/icon-element.js';
import { announce } from '../base/notify.js';
import { baseName } from '../base/urls.js';
import type { ConnectionState } from '../base/connection.js';
import type { DocumentClient } from './document-client.js';
import { kernelMemory } from './kernel-memory.js';
import { serverNow } from './server-clock.js';
import type { Progress, RunProgress } from './run-progress.js';
import type { Mode } from './selection.js';

const KERNEL_WORDS: Record<KernelState, string> = {
  starting: 'starting',
  idle: 'idle',
  busy: 'busy',
  restarting: 'restarting',
  dead: 'dead',
  none: 'not running',
  unavailable: 'not available',
};
const KERNEL_ICONS: Record<KernelState, IconName> = {
  starting: 'more',
  idle: 'circle',
  busy: 'circle-filled',
  restarting: 'restart',
  dead: 'circle-cross',
  none: 'circle-cross',
  unavailable: 'circle-cross',
};
/** A short run does not make the icon of the tab blink (the classic's delay). */
const BUSY_ICON_DELAY = 1000;

/** Keeps the header up to date. Returns how to stop. */
export function showStatus(client: DocumentClient, progress: RunProgress): () => void {
  const name = part('notebook-name');
  const save = part('save-status');
  const kernel = part('kernel-status');
  const readOnly = part('read-only');
  const favicon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  const idleIcon = favicon?.href ?? '';
  let busyTimer: ReturnType<typeof setTimeout> | undefined;

  const showSaved = (): void => {
    const { text, title } = savedText(client, serverNow());
    if (save.textContent !== text) save.textContent = text;
    save.title = title;
    save.classList.toggle('failed', client.saved.value.error !== undefined);
  };
  const memory = kernelMemory(client);
  const timer = setInterval(showSaved, 5_000);
  const stop = [
    effect(() => {
      const file = baseName(client.path.value);
      name.textContent = file.replace(/\.ipynb$/, '');
      name.title = `${client.path.value} (click to rename)`;
      document.title = `${client.kernel.value?.state === 'busy' ? '(Busy) ' : ''}${name.textContent} - nbserver`;
    }),
    effect(showSaved),
    effect(() => {
      readOnly.hidden = client.writable.value;
    }),
    effect(() => showKernel(kernel, client.kernel.value, client.connection.value, progress.now.value)),
    effect(() => showMemory(kernel, memory.value)),
    effect(() => showProgress(part('run-progress'), progress.now.value)),
    effect(() => showTrust(part('trust'), client.untrusted.value)),
    effect(() => {
      clearTimeout(busyTimer);
      const busy = client.kernel.value?.state === 'busy';
      busyTimer = setTimeout(
        () => {
          const icon = busy ? busyIcon() : idleIcon;
          if (favicon !== null && favicon.href !== icon) favicon.href = icon;
        },
        busy ? BUSY_ICON_DELAY : 0,
      );
    }),
  ];
  return () => {
    clearInterval(timer);
    clearTimeout(busyTimer);
    for (const each of stop) each();
  };
}

/** Command or edit mode, in words for those who do not see the bar's colour. */
export function showMode(mode: Mode): void {
  const pencil = part('mode-status');
  const text = mode === 'edit' ? 'Edit mode' : 'Command mode';
  if (pencil.dataset['mode'] === mode) return;
  pencil.dataset['mode'] = mode;
  pencil.title = text;
  document.body.dataset['mode'] = mode;
  announce(text);
}

function savedText(client: DocumentClient, now: number): { text: string; title: string } {
  const { at, error } = client.saved.value;
  const checkpoint = client.lastCheckpoint.value;
  const title =
    checkpoint === null ? 'No checkpoint yet' : `Last checkpoint: ${dateTime(Date.parse(checkpoint))}`;
  if (!client.writable.value) return { text: 'read only', title };
  if (error !== undefined) return { text: `not saved: ${error}`, title: error };
  if (client.unsaved.value) return { text: 'unsaved changes', title };
  if (at === undefined) return { text: '', title };
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  return { text: `saved ${seconds < 45 ? `${seconds} s ago` : relativeTime(at, now)}`, title };
}

/** The button says so in every case, as the classic's does; it acts only while something is not trusted. */
function showTrust(button: HTMLElement, untrusted: number): void {
  const text = untrusted > 0 ? 'Not Trusted' : 'Trusted';
  if (button.textContent !== text) button.textContent = text;
  button.setAttribute('aria-disabled', String(untrusted === 0));
  button.title =
    untrusted > 0
      ? 'Some outputs were not made here. Their scripts do not run until you trust the notebook.'
      : 'All outputs were made here, or you trusted them.';
}

/** A line under the header while more than one cell runs. */
function showProgress(bar: HTMLElement, { done, total }: Progress): void {
  bar.hidden = total < 2;
  if (!(bar instanceof HTMLProgressElement) || total < 2) return;
  bar.max = total;
  bar.value = done;
  bar.title = `${done} of ${total} cells are done`;
}

function showMemory(element: HTMLElement, bytes: number | undefined): void {
  const memory = element.querySelector('.kernel-memory');
  if (memory !== null) memory.textContent = bytes === undefined ? '' : humanSize(bytes);
}

function showKernel(
  element: HTMLElement,
  kernel: KernelView | undefined,
  connection: ConnectionState,
  progress: Progress,
): void {
  const name = element.querySelector('.kernel-name');
  const state = element.querySelector('.kernel-state');
  const shown = connection === 'open' ? (kernel?.state ?? 'starting') : undefined;
  element.dataset['kernelStatus'] = shown ?? 'disconnected';
  if (name !== null) name.textContent = kernel?.display_name ?? '';
  const word =
    shown === undefined
      ? connection === 'lost'
        ? 'not connected'
        : 'connecting'
      : KERNEL_WORDS[shown] + (progress.waiting > 0 ? `, ${progress.waiting} queued` : '');
  if (state !== null && state.textContent !== word) state.textContent = word;
  element.title = kernel?.reason ?? `The kernel is ${word}`;
  element
    .querySelector('.icon')
    ?.replaceWith(iconElement(shown === undefined ? 'disconnected' : KERNEL_ICONS[shown]));
}

function busyIcon(): string {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#b86000"/>' +
    '<circle cx="8" cy="8" r="3" fill="#fff"/></svg>';
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

function part(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}.`);
  return element;
}
