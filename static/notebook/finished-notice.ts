/** Tells a person who looks elsewhere that a long run is done: a notification of the system, for those who asked for it. */
import { notify } from '../base/notify.js';
import { baseName } from '../base/urls.js';
import { duration } from './cells/run-time.js';
import { isShown, setShown } from './page-parts.js';
import type { FinishedRun } from './run-progress.js';

/** Milliseconds; what is quicker, people wait for. */
const LONG = 10_000;

export function noticeFinished(run: FinishedRun, path: string): void {
  if (!isShown('notify') || run.time < LONG || document.visibilityState === 'visible') return;
  if (!('Notification' in window) || Notification.permission !== 'granted') return;
  const cells = run.cells === 1 ? '1 cell' : `${run.cells} cells`;
  const failed = run.failed === 0 ? '' : `, ${run.failed} did not end well`;
  const notice = new Notification(baseName(path).replace(/\.ipynb$/, ''), {
    body: `${cells} done in ${duration(run.time)}${failed}.`,
    tag: `nbserver ${path}`,
  });
  notice.addEventListener('click', () => {
    window.focus();
    notice.close();
  });
}

/** Switches it on or off; the browser asks the person the first time. */
export async function toggleFinishedNotice(): Promise<void> {
  if (isShown('notify')) return setShown('notify', false);
  if (!('Notification' in window)) {
    notify('This browser shows no notifications here; over plain http to another machine none does.', {
      kind: 'warning',
    });
    return;
  }
  const permission = await Notification.requestPermission();
  if (permission === 'granted') {
    setShown('notify', true);
    notify('You will be told when a run of more than 10 seconds is done while this page is not in view.');
  } else {
    notify('The browser refuses notifications of this page. Its settings for this site can allow them.', {
      kind: 'warning',
    });
  }
}
