/** The dashboard: header buttons, tabs, and what is wrong if something is. */
import './tree.css';
import { effect, signal, useSignalEffect } from '@preact/signals';
import { render, type ComponentType } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { loginUrl } from '../base/api.js';
import { Icon } from '../base/icons.js';
import { MenuButton } from '../base/menu.js';
import { notifyError } from '../base/notify.js';
import { pageData } from '../base/page-data.js';
import { currentTheme, setTheme, type Theme } from '../base/theme.js';
import { baseName } from '../base/urls.js';
import { logout, quit } from './actions.js';
import * as dashboard from './dashboard.js';
import type { Tab, TreePageData } from './dashboard.js';
import { FilesTab } from './files-tab.js';
import { followServer, keepFresh } from './keep-fresh.js';

const tabs: { id: Tab; label: string }[] = [
  { id: 'files', label: 'Files' },
  { id: 'running', label: 'Running' },
  { id: 'server', label: 'Server' },
];

/** A tab that is seldom looked at: loaded when somebody does. */
function lazyTab(load: () => Promise<ComponentType>): ComponentType {
  const loaded = signal<ComponentType | undefined>(undefined);
  return function LazyTab() {
    const Loaded = loaded.value;
    useEffect(() => {
      if (loaded.value !== undefined) return;
      load().then(
        (component) => (loaded.value = component),
        (error: unknown) => notifyError('The tab cannot be loaded.', error),
      );
    }, []);
    return Loaded === undefined ? <p class="list-empty">Loading…</p> : <Loaded />;
  };
}

const panels: Record<Tab, ComponentType> = {
  files: FilesTab,
  running: lazyTab(async () => (await import('./running-tab.js')).RunningTab),
  server: lazyTab(async () => (await import('./server-tab.js')).ServerTab),
};

function Dashboard() {
  useSignalEffect(() => {
    const path = dashboard.path.value;
    document.title = `${path === '' ? 'Home' : `${baseName(path)}/`} - nbserver`;
  });
  if (dashboard.stopped.value) {
    return (
      <div class="stopped">
        <h1>Server stopped</h1>
        <p>You can close this page. To go on later, start the server again and reload.</p>
      </div>
    );
  }
  const tab = dashboard.tab.value;
  const Panel = panels[tab];
  return (
    <>
      <h1 class="visually-hidden">Dashboard</h1>
      <Tabs current={tab} />
      <TroubleNote />
      <div role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        <Panel />
      </div>
    </>
  );
}

function Tabs({ current }: { current: Tab }) {
  const list = useRef<HTMLDivElement>(null);
  const step = (event: KeyboardEvent): void => {
    const direction = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.id === current);
    const next = tabs[(at + direction + tabs.length) % tabs.length];
    if (next === undefined) return;
    dashboard.showTab(next.id);
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  const running = dashboard.sessions.value.length + dashboard.terminals.value.length;
  return (
    <div class="tabs" role="tablist" aria-label="Dashboard" ref={list} onKeyDown={step}>
      {tabs.map(({ id, label }) => (
        <button
          key={id}
          type="button"
          role="tab"
          id={`tab-${id}`}
          aria-selected={id === current}
          aria-controls={id === current ? `panel-${id}` : undefined}
          tabIndex={id === current ? 0 : -1}
          onClick={() => dashboard.showTab(id)}
        >
          {label}
          {id === 'running' && running > 0 && <span class="count">{running}</span>}
        </button>
      ))}
    </div>
  );
}

function TroubleNote() {
  const trouble = dashboard.trouble.value;
  if (trouble === undefined) return null;
  return (
    <p class="note error trouble" role="alert">
      <span>{trouble.message}</span>
      {trouble.kind === 'login' && (
        <a class="button" href={loginUrl()}>
          Log in
        </a>
      )}
      {trouble.kind === 'missing' && (
        <button type="button" class="button" onClick={() => void dashboard.openFolder('')}>
          Home
        </button>
      )}
      {trouble.kind !== 'login' && (
        <button type="button" class="button" onClick={() => void dashboard.refresh()}>
          Try again
        </button>
      )}
    </p>
  );
}

function HeaderButtons() {
  const data = pageData<TreePageData>();
  const theme = (name: Theme, label: string) => ({
    label,
    checked: currentTheme() === name,
    run: () => setTheme(name),
  });
  if (dashboard.stopped.value) return null;
  return (
    <>
      <MenuButton
        label="Theme"
        class="theme-button"
        right
        title="Light or dark"
        entries={() => [theme('system', 'As the system'), theme('light', 'Light'), theme('dark', 'Dark')]}
      >
        <Icon name="theme" />
        <span class="visually-hidden">Theme</span>
      </MenuButton>
      {data.quit_button && (
        <button
          type="button"
          class="button large"
          title="Stop the notebook server"
          onClick={() => void quit()}
        >
          Quit
        </button>
      )}
      {data.logout && (
        <button type="button" class="button large" onClick={logout}>
          Logout
        </button>
      )}
    </>
  );
}

const header = document.getElementById('header-buttons');
const main = document.getElementById('main');
if (header === null || main === null) throw new Error('This page was not made from tree.html.');
/** How long nothing is drawn because the list may come: it is on its way since the page's head. ms */
const WAIT_FOR_LIST = 200;

void dashboard.refresh().finally(followServer);
keepFresh();
// A short list that is there already is in the first frame, and not in a second one.
const isListed = new Promise<void>((resolve) => {
  const stop = effect(() => {
    if (dashboard.items.value === undefined && dashboard.trouble.value === undefined) return;
    resolve();
    queueMicrotask(() => stop());
  });
  setTimeout(resolve, WAIT_FOR_LIST);
});
void isListed.then(() => {
  render(<HeaderButtons />, header);
  render(<Dashboard />, main);
});
