/** Entry of the terminal page: the screen, the shell, and what the page says about them. */
import './terminal.css';
import { loginUrl, onLoginExpired } from '../base/api.js';
import type { Notice, NoticeOptions } from '../base/notify.js';
import { pageData } from '../base/page-data.js';
import { urlFor } from '../base/urls.js';
import { Screen } from './screen.js';
import { ShellClient, type ShellState } from './shell-client.js';
import { TouchKeys } from './touch-keys.js';

function find<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}.`);
  return element as T;
}

const data = pageData<{ name: string | null; cwd: string | null }>();
const element = find('terminal');
const screen = new Screen(element);
const { terminal } = screen;
/** what the program in front calls itself */
let title = '';
/** it rang while nobody looked */
let rang = false;

const shell = new ShellClient(data.name, data.cwd, {
  write: (text, done) => terminal.write(text, done),
  // As text, so that it comes after what waits to be drawn.
  reset: () => terminal.write('\x1bc'),
  connected: sendSize,
  state: showState,
  failed(error) {
    current = say(`The terminal cannot be started. ${sentence(error)}`, {
      kind: 'error',
      action: { label: 'Try again', run: startAgain },
    });
  },
});
const touchKeys = new TouchKeys(find('touch-keys'), terminal, (text) => shell.input(text));

terminal.onData((text) => shell.input(touchKeys.apply(text)));
terminal.onBinary((text) => shell.input(text));
terminal.onResize(sendSize);
terminal.onTitleChange((text) => {
  title = text;
  showTitle();
});
terminal.onBell(() => {
  rang = document.hidden;
  showTitle();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  rang = false;
  showTitle();
});
new ResizeObserver(() => requestAnimationFrame(() => screen.fit())).observe(element);

function sendSize(): void {
  shell.resize(terminal.rows, terminal.cols, element.clientHeight, element.clientWidth);
}

function showTitle(): void {
  const name = `Terminal ${shell.name ?? ''}`.trim();
  find('terminal-name').textContent = title === '' ? name : title;
  document.title = `${rang ? '• ' : ''}${title === '' ? name : `${title} - ${name}`}`;
}

const WORDS: Record<ShellState, string> = {
  connecting: 'Connecting…',
  open: '',
  lost: 'Disconnected',
  ended: 'Ended',
  refused: 'Not started',
};

function showState(state: ShellState): void {
  void current?.then((notice) => notice.close());
  current = undefined;
  find('terminal-state').textContent = WORDS[state];
  document.body.dataset['terminal'] = state;
  if (state === 'open') {
    const address = urlFor('terminals', shell.name ?? '');
    if (location.pathname !== address) history.replaceState(null, '', address);
    showTitle();
  } else if (state === 'lost') {
    const what = shell.started
      ? 'The connection to the server is lost. The shell goes on; this page connects again by itself.'
      : 'The server cannot start a terminal now. This page tries again by itself.';
    current = say(what, { kind: 'warning', action: { label: 'Try now', run: () => shell.retryNow() } });
  } else if (state === 'ended') {
    current = say('The shell has ended.', {
      seconds: 0,
      action: { label: 'Start a new one', run: startAgain },
    });
  }
}

function startAgain(): void {
  shell.startAgain();
  terminal.focus();
}

let current: Promise<Notice> | undefined;

/** Messages are rare, and their code comes with the first one or with the menu. */
async function say(message: string, options: NoticeOptions): Promise<Notice> {
  const { notify } = await import('../base/notify.js');
  return notify(message, options);
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

onLoginExpired(() => {
  void say('You are not logged in any more. Log in in the other tab; this page then goes on by itself.', {
    kind: 'warning',
    key: 'login',
    action: { label: 'Log in', run: () => void window.open(loginUrl(), '_blank', 'noopener') },
  });
});

showTitle();
terminal.focus();
import('./actions.js').then(
  ({ startActions }) => {
    startActions({
      screen,
      shell,
      menuButton: find('terminal-menu'),
      searchBar: find<HTMLFormElement>('search-bar'),
    });
    document.body.dataset['ready'] = '';
  },
  (error: unknown) =>
    void say(`The menu of the terminal cannot be loaded. ${sentence(error)}`, { kind: 'error' }),
);
