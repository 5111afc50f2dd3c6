/** What stands over the notebook for as long as it is true: read-only, and no websockets although the server answers. */
import { effect } from '@preact/signals';
import type { NotebookContext } from './notebook-context.js';

export function showBanners(notebook: NotebookContext, place: HTMLElement): void {
  const { client } = notebook;
  const readOnly = banner(
    'This notebook is read-only: it cannot be changed here. Cells can be looked at and copied.',
    'Edit a Copy',
    () => void notebook.commands.run('nbserver:copy-notebook'),
  );
  const blocked = banner(
    'The server answers, but no websocket opens, so cells cannot run and changes wait here. A proxy in between is the usual cause: one of your system, of the browser, or one that is found automatically.',
    'Try Again',
    () => client.retryNow(true),
  );
  blocked.append(proxyHelp());
  effect(() => toggle(place, readOnly, !client.writable.value));
  effect(() => toggle(place, blocked, client.blocked.value));
}

function banner(text: string, label: string, run: () => void): HTMLElement {
  const element = document.createElement('div');
  element.className = 'banner note warning';
  element.setAttribute('role', 'status');
  const sentence = document.createElement('span');
  sentence.textContent = text;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button';
  button.textContent = label;
  button.addEventListener('click', run);
  element.append(sentence, button);
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
