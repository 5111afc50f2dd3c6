/** Entry of the notebook page. */
import './notebook.css';
import { effect } from '@preact/signals';
import { createElement, render } from 'preact';
import type { BroughtDocument } from '../../src/protocol/document-messages.js';
import type { KernelspecsModel } from '../../src/protocol/rest-models.js';
import { onLoginExpired } from '../base/api.js';
import { MenuBar } from '../base/menu.js';
import { notify, notifyError, type Notice } from '../base/notify.js';
import { pageData } from '../base/page-data.js';
import { urlFor } from '../base/urls.js';
import { showBanners } from './banners.js';
import { listCheckpoints } from './commands/file-commands.js';
import { loadEditor } from './editor/load-editor.js';
import { noticeFinished } from './finished-notice.js';
import { keepJournal } from './keep-journal.js';
import { loadFormats, loadKernelspecs, notebookMenus, scriptLabel, type MenuData } from './menus.js';
import { applyParts } from './page-parts.js';
import { painted } from '../base/page-moments.js';
import { NotebookPage } from './page.js';
import { showStatus } from './status.js';
import { Toolbar } from './toolbar.js';

/** A short break of the connection is nobody's business. */
const LOST_NOTICE_DELAY = 2000;

function find(selector: string): HTMLElement {
  const element = document.querySelector<HTMLElement>(selector);
  if (element === null) throw new Error(`The page has no ${selector}.`);
  return element;
}

function start(): void {
  applyParts();
  const data = pageData<{ path: string; kernel_name: string | null }>();
  const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? '';
  const elements = {
    scroller: find('[data-notebook-scroller]'),
    cells: find('#cells'),
    failure: find('#failure'),
  };
  const page = new NotebookPage(elements, data.path, data.kernel_name ?? undefined, nonce);
  const { client, commands } = page;
  document.body.append(page.pager.element);
  showStatus(client, page.progress);

  const known: Pick<MenuData, 'kernelspecs' | 'checkpoints' | 'formats' | 'links'> = {
    kernelspecs: undefined,
    checkpoints: [],
    formats: [],
    links: undefined,
  };
  const menus = notebookMenus(() => ({
    ...known,
    outputTypes: page.list.view(page.selection.current ?? '')?.outputTypes ?? [],
    trusted: client.untrusted.value === 0,
    kernel: client.kernel.value?.id == null ? undefined : client.kernel.value.name,
    language: client.kernel.value?.language ?? '',
    script: scriptLabel(client.kernel.value?.language ?? '', page.view.metadata),
  }));
  const bar = find('#menubar');
  const drawMenus = () =>
    render(createElement(MenuBar, { label: 'Notebook', menus, commands, mode: page.selection.mode }), bar);
  drawMenus();
  const refresh = () => {
    loadKernelspecs().then(
      (specs: KernelspecsModel) => (known.kernelspecs = specs),
      () => undefined, // the menu says that there are none; opening it again asks again
    );
    loadFormats().then(
      (names) => (known.formats = names),
      () => undefined, // as above
    );
    listCheckpoints(page).then(
      (list) => (known.checkpoints = list),
      () => undefined, // as above
    );
  };
  // asked for when somebody is about to open a menu, not at every start
  bar.addEventListener('pointerenter', refresh);
  bar.addEventListener('focusin', refresh);
  // the kernel's own links need its websocket: asked for when somebody looks for help
  const askForLinks = ({ target }: Event) => {
    if (!(target instanceof Element) || target.closest('.menubar-item')?.textContent !== 'Help') return;
    void page.aboutKernel().then((about) => (known.links = about?.links));
  };
  bar.addEventListener('pointerover', askForLinks);
  bar.addEventListener('focusin', askForLinks);

  const toolbar = new Toolbar(find('#toolbar'), commands, () => page.leaveEditor());
  const updateToolbar = () => {
    const types = new Set(page.selection.cells.map((id) => page.view.cell(id)?.cell.cell_type));
    toolbar.update(types.size === 1 ? [...types][0] : undefined);
  };
  page.onSelection(() => {
    updateToolbar();
    drawMenus();
  });
  effect(() => {
    // read, so that this runs again when they change
    void [client.kernel.value, client.writable.value, client.copyFolder.value, client.connection.value];
    updateToolbar();
  });
  find('#kernel-status .kernel-name').addEventListener(
    'click',
    () => void commands.run('nbserver:choose-kernel'),
  );
  find('#trust').addEventListener('click', () => void commands.run('jupyter-notebook:trust-notebook'));
  find('#notebook-name').addEventListener(
    'click',
    () => void commands.run('jupyter-notebook:rename-notebook'),
  );
  effect(() => {
    const address = urlFor('notebooks', client.path.value) + location.hash;
    if (client.path.value !== '' && location.pathname !== new URL(address, location.href).pathname) {
      history.replaceState(null, '', address);
    }
  });
  page.progress.onFinished((run) => noticeFinished(run, client.path.value));
  noticeConnection(page);
  noticeLogin(page);
  noticeKernel(page);
  showBanners(page, find('#banners'));
  void keepJournal(page);
  // in tasks of their own: a long one would hold up what somebody does meanwhile
  setTimeout(() => {
    const brought = broughtDocument();
    // while the server opens the notebook; a click will try again, and report
    if (brought === undefined) void loadEditor().catch(() => undefined);
    setTimeout(() => client.begin(brought));
  });
}

/** The document that the HTML carries; undefined: it has to be asked for. */
function broughtDocument(): BroughtDocument | undefined {
  const text = document.getElementById('document')?.textContent;
  return text === undefined || text === null ? undefined : (JSON.parse(text) as BroughtDocument);
}

function noticeConnection({ client }: NotebookPage): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lost: Notice | undefined;
  effect(() => {
    const state = client.connection.value;
    clearTimeout(timer);
    if (state === 'open') {
      lost?.close();
      lost = undefined;
    } else if (state === 'lost' && lost === undefined) {
      timer = setTimeout(() => {
        lost = notify(
          'The connection to the server is lost. You can go on writing; the page connects again by itself and then sends what you did.',
          { kind: 'warning', key: 'connection', action: { label: 'Try now', run: () => client.retryNow() } },
        );
      }, LOST_NOTICE_DELAY);
    }
  });
}

/** One box asks for the password; who puts it off keeps a notice with the way back to it. */
function noticeLogin({ client }: NotebookPage): void {
  let expired = false;
  let notice: Notice | undefined;
  const box = () => import('../base/login-box.js');
  const ask = async (): Promise<void> => {
    const { askForLogin } = await box();
    if (await askForLogin()) return client.retryNow();
    if (!expired) return;
    notice = notify('You are not logged in any more. You can go on writing; nothing is lost.', {
      kind: 'warning',
      key: 'login',
      action: { label: 'Log in', run: () => void ask() },
    });
  };
  onLoginExpired(() => {
    if (expired) return;
    expired = true;
    ask().catch((error: unknown) => notifyError('You are not logged in any more.', error));
  });
  effect(() => {
    if (client.connection.value !== 'open' || !expired) return;
    expired = false;
    notice?.close();
    void box().then(({ closeLoginBox }) => closeLoginBox());
  });
}

function noticeKernel({ client, commands }: NotebookPage): void {
  let notice: Notice | undefined;
  let before = '';
  effect(() => {
    const kernel = client.kernel.value;
    const state = kernel?.state ?? '';
    const key = `${state} ${kernel?.reason ?? ''}`;
    if (key === before) return;
    before = key;
    notice?.close();
    notice = undefined;
    if (state !== 'dead' && state !== 'unavailable') return;
    notice = notify(
      kernel?.reason ??
        (state === 'dead' ? 'The kernel has died.' : `The kernel "${kernel?.name}" is not installed.`),
      {
        kind: 'error',
        key: 'kernel',
        action:
          state === 'dead'
            ? {
                label: 'Restart the kernel',
                run: () => void commands.run('jupyter-notebook:confirm-restart-kernel'),
              }
            : { label: 'Choose another…', run: () => void commands.run('nbserver:choose-kernel') },
      },
    );
  });
}

// Where the HTML has cells to be seen, they come first.
if (document.querySelector('.first-cells') === null) start();
else void painted().then(start);
