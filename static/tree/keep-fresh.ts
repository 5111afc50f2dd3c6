/** Keeps what the dashboard shows fresh: by what the server tells, and by the clock where nobody tells. */
import { onLoginExpired } from '../base/api.js';
import { gathered } from '../base/gathered.js';
import { ServerEvents } from '../base/server-events.js';
import { urlFor } from '../base/urls.js';
import * as dashboard from './dashboard.js';

/** Something changed while nobody looked. */
let isStale = false;

/** Hears what changes, so that a new file or a kernel that ends shows at once; what was selected stays so. */
export function followServer(): void {
  const soon = (load: () => Promise<void>) =>
    gathered(async () => {
      if (document.hidden) isStale = true;
      else if (!dashboard.stopped.value) await load();
    });
  const files = soon(dashboard.refreshList);
  const terminals = soon(dashboard.loadTerminals);
  const sessions = soon(dashboard.loadSessions);
  let connected: string | undefined;
  const events = new ServerEvents({
    directories: () => [dashboard.path.value],
    onChange(event) {
      if (event.list === 'terminals') terminals();
      else if (event.list !== 'files') sessions();
      else if (event.path === dashboard.path.value) files();
    },
    onConnect() {
      // What happened while the connection was lost is not known; at the first one, seldom anything did.
      if (connected === dashboard.path.value) void dashboard.refresh();
      else void dashboard.catchUp().catch(() => undefined); // the next refresh shows what is wrong
      connected = dashboard.path.value;
    },
  });
  let watched = dashboard.path.value;
  dashboard.path.subscribe((now) => {
    if (now !== watched) events.directoriesChanged();
    watched = now;
  });
}

/**
 * Keeps the list fresh where nobody tells of changes: every minute while somebody looks, at most every ten seconds when the window gets focus, and
 * every five seconds while the server does not answer.
 */
export function keepFresh(): void {
  let last = performance.now();
  const again = (least: number): void => {
    if (document.hidden || performance.now() - last < least) return;
    last = performance.now();
    void dashboard.refresh();
  };
  window.addEventListener('focus', () => again(10_000));
  document.addEventListener('visibilitychange', () => {
    again(isStale ? 0 : 10_000);
    if (!document.hidden) isStale = false;
  });
  setInterval(() => again(dashboard.trouble.value?.kind === 'unreachable' ? 5_000 : 60_000), 5_000);
  window.addEventListener('popstate', () => {
    const base = urlFor('tree');
    if (!location.pathname.startsWith(base)) return;
    dashboard.tab.value = dashboard.tabOfAddress();
    const target = decodeURIComponent(location.pathname.slice(base.length)).replace(/^\/|\/$/g, '');
    if (target !== dashboard.path.value) void dashboard.openFolder(target, false);
  });
  onLoginExpired(() => {
    dashboard.trouble.value = { kind: 'login', message: 'You are logged out. Log in again to go on.' };
  });
}
