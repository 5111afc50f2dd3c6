/** What stands over the notebook for as long as it is true: read-only, and no websockets although the server answers. */
import { effect } from '@preact/signals';
import { parentPath } from '../base/urls.js';
import type { NotebookContext } from './notebook-context.js';

export function showBanners(notebook: NotebookContext, place: HTMLElement): void {
  const { client } = notebook;
  const readOnly = banner(
    'This notebook is read-only, and no folder for a copy can be written. It can be looked at, copied from and downloaded.',
  );
  const copied = banner('', { label: 'Edit a Copy', run: () => void client.editCopy() });
  const blocked = banner(
    'The server answers, but no websocket opens, so cells cannot run and changes wait here. A proxy in between is the usual cause: one of your system, of the browser, or one that is found automatically.',
    { label: 'Try Again', run: () => client.retryNow(true) },
  );
  blocked.append(proxyHelp());
  effect(() => {
    const folder = client.copyFolder.value;
    const isBeside = folder === parentPath(client.path.value);
    toggle(place, readOnly, !client.writable.value && folder === undefined);
    toggle(place, copied, !client.writable.value && folder !== undefined);
    const where = isBeside ? 'beside it' : `in ${folder === '' ? 'the notebook directory' : `"${folder}"`}`;
    const sentence = copied.firstElementChild;
    if (sentence !== null)
      sentence.textContent = `This notebook is read-only. What you change goes into a copy ${where}, and you go on there.`;
  });
  effect(() => toggle(place, blocked, client.blocked.value));
}

function banner(text: string, action?: { label: string; run: () => void }): HTMLElement {
  const element = document.createElement('div');
  element.className = 'banner note warning';
  element.setAttribute('role', 'status');
  const sentence = document.createElement('span');
  sentence.textContent = text;
  element.append(sentence);
  if (action === undefined) return element;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button';
  button.textContent = action.label;
  button.addEventListener('click', action.run);
  element.append(button);
  return element;
}

function toggle(place: HTMLElement, element: HTMLElement, shown: boolean): void {
  if (shown && !element.isConnected) place.append(element);
  else if (!shown) element.remove();
}

function proxyHelp(): HTMLElement {
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = `How to let ${location.hostname} past the proxy`;
  const list = document.createElement('dl');
  const steps: readonly (readonly [where: string, what: string])[] = [
    [
      'Firefox',
      `Settings, General, Network Settings, Settings…: add ${location.hostname} to "No proxy for".`,
    ],
    [
      'Chrome, Edge',
      `Settings, System, "Open your computer's proxy settings": add ${location.hostname} to the hosts that bypass the proxy.`,
    ],
    [
      'macOS',
      `System Settings, Network, your network, Details…, Proxies: add ${location.hostname} to "Bypass proxy settings".`,
    ],
    ['A reverse proxy of your own', 'It must pass on the headers Upgrade and Connection, over HTTP/1.1.'],
  ];
  for (const [where, what] of steps) {
    const term = document.createElement('dt');
    term.textContent = where;
    const text = document.createElement('dd');
    text.textContent = what;
    list.append(term, text);
  }
  details.append(summary, list);
  return details;
}
