/** Entry of the editor page: the file, the editor, and who tells whom. */
import './edit.css';
import { createElement, render } from 'preact';
import { loginUrl, onLoginExpired } from '../base/api.js';
import { CommandRegistry, Keymap } from '../base/commands.js';
import { dateTime, relativeTime } from '../base/format.js';
import { MenuBar } from '../base/menu.js';
import { notify, notifyError, type Notice } from '../base/notify.js';
import { pageData } from '../base/page-data.js';
import { painted } from '../base/page-moments.js';
import { baseName, urlFor } from '../base/urls.js';
import type { Draft } from './drafts.js';
import { editCommands, editMenus, type EditorPage } from './edit-commands.js';
import { loadPreferences, storePreferences } from './preferences.js';
import { Preview } from './preview.js';
import { TextEditor } from './text-editor.js';
import { TextFile, type FileState } from './text-file.js';

function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}.`);
  return element;
}

const data = pageData<{ path: string; place: string; isLarge: boolean }>();
const file = new TextFile(data.path, data.place, {
  state: showState,
  merged(conflicts) {
    if (conflicts === 0)
      notify('The file was changed elsewhere; the changes are in the text now.', { key: 'merged' });
    else
      notify(
        `The file was changed elsewhere, at ${conflicts === 1 ? 'one place' : `${conflicts} places`} where you changed it too. ` +
          'Both texts are there now, between <<<<<<< and >>>>>>>. Choose, then save.',
        { kind: 'warning', key: 'merged' },
      );
  },
  gone(isGone) {
    goneNotice?.close();
    goneNotice = !isGone
      ? undefined
      : notify('The file was deleted or renamed elsewhere. Your text is here; saving makes the file again.', {
          kind: 'warning',
        });
  },
  draftFailed: (error) => notifyError('This browser cannot keep the text for later; save it soon.', error),
});
let goneNotice: Notice | undefined;
const preview = new Preview(find('preview'), () => file.path);

const commands = new CommandRegistry((error, command) => notifyError(`${command.label}:`, error));
const keymap = new Keymap(commands, { mode: () => 'edit' });

function onKey(event: KeyboardEvent): boolean {
  if (!keymap.handle(event)) return false;
  event.preventDefault();
  return true;
}

async function start(): Promise<void> {
  // Without its file the page can still say what is wrong, and how to get it.
  const preferences = loadPreferences();
  document.body.toggleAttribute('data-no-header', !preferences.header);
  const makeEditor = (text: string, readOnly: boolean) => {
    const made: TextEditor = new TextEditor({
      parent: find('editor'),
      text,
      label: `Text of ${baseName(file.path)}`,
      nonce: document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? '',
      readOnly,
      preferences,
      onChange() {
        file.changed();
        preview.changed(made.view);
      },
      onKey,
    });
    return made;
  };
  const begin = data.isLarge ? await file.beginning() : undefined;
  const early = begin === undefined ? undefined : makeEditor(begin, true);
  if (early !== undefined) {
    showState(file.state);
    await painted();
  }
  const { text, left, message } = await file.load();
  await early?.complete(text, { readOnly: !file.writable });
  const editor = early ?? makeEditor(text, !file.writable);
  file.follow(editor);
  find('read-only').hidden = file.writable;
  document.body.dataset['loaded'] = '';
  editor.view.focus();

  const page: EditorPage = {
    file,
    editor,
    preview,
    preferences,
    language: '',
    keepPreferences() {
      storePreferences(preferences);
      document.body.toggleAttribute('data-no-header', !preferences.header);
      editor.apply(preferences);
      drawMenus();
    },
    languageChanged() {
      find('language').textContent = page.language === '' ? 'Plain text' : page.language;
      drawMenus();
    },
    pathChanged: showName,
  };
  commands.add(...editCommands(page));
  function drawMenus(): void {
    render(
      createElement(MenuBar, { label: 'Editor', menus: editMenus(page), commands, mode: 'edit' }),
      find('menubar'),
    );
  }
  drawMenus();
  find('file-name').addEventListener('click', () => void commands.run('edit:rename'));
  if (message !== undefined) notify(message, { kind: 'warning', key: 'message' });
  void left.then((drafts) => offer(drafts, editor));
  await commands.run('edit:choose-language');
}

/** What earlier visits left, one after the other. */
function offer([draft, ...others]: Draft[], editor: TextEditor): void {
  if (draft === undefined) return;
  const next = () => offer(others, editor);
  notify(`This browser kept text of ${dateTime(draft.at)} that was not saved.`, {
    kind: 'warning',
    key: 'draft',
    action: [
      {
        label: 'Take it',
        run: () => {
          void file.restore(draft).then(() => editor.view.focus());
          next();
        },
      },
      {
        label: 'Discard',
        run: () => {
          void file.discard(draft);
          next();
        },
      },
    ],
  });
}

function showName(): void {
  const name = baseName(file.path);
  find('file-name').textContent = name;
  const address = urlFor('edit', file.path);
  if (location.pathname !== address) history.replaceState(null, '', address);
  showState(file.state);
}

function showState(state: FileState): void {
  const name = baseName(file.path);
  document.title = `${file.isChanged ? '*' : ''}${name} - nbserver`;
  document.body.dataset['file'] = state.kind;
  const status = find('save-status');
  status.classList.toggle('failed', state.kind === 'failed');
  status.title = file.modified === 0 ? '' : dateTime(file.modified);
  status.textContent = {
    loading: 'Loading…',
    saved: file.modified === 0 ? '' : `✓ ${relativeTime(file.modified, Date.now())}`,
    changed: 'Not saved',
    saving: 'Saving…',
    failed: state.kind === 'failed' ? `Not saved: ${state.message}` : '',
  }[state.kind];
}

document.addEventListener('keydown', (event) => {
  if (!event.defaultPrevented) onKey(event);
});
addEventListener('beforeunload', (event) => {
  if (file.isChanged) event.preventDefault();
});
onLoginExpired(() => {
  notify(
    'You are not logged in any more. Log in in the other tab, then save again; nothing that you did is lost.',
    {
      kind: 'warning',
      key: 'login',
      action: { label: 'Log in', run: () => void window.open(loginUrl(), '_blank', 'noopener') },
    },
  );
});
setInterval(() => {
  if (file.state.kind === 'saved') showState(file.state);
}, 10_000);

start().catch((error: unknown) => {
  const failure = find('failure');
  failure.hidden = false;
  const text = failure.querySelector('p');
  if (text !== null)
    text.textContent = `The file cannot be edited here. ${error instanceof Error ? error.message : String(error)}`;
  find('editor').hidden = true;
});
