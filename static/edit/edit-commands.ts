/** What can be done with a text file, and the menus that offer it. */
import { redo, redoDepth, undo, undoDepth } from '@codemirror/commands';
import type { ContentsModel } from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';
import type { Command } from '../base/commands.js';
import { promptDialog } from '../base/dialog.js';
import type { MenuBarMenu, MenuEntry } from '../base/menu.js';
import { openNew } from '../base/open-new.js';
import { currentTheme, setTheme, type Theme } from '../base/theme.js';
import { baseName, encodePath, joinPath, parentPath, urlFor } from '../base/urls.js';
import type { Preferences } from './preferences.js';
import type { Preview } from './preview.js';
import type { TextEditor } from './text-editor.js';
import type { TextFile } from './text-file.js';

export interface EditorPage {
  file: TextFile;
  editor: TextEditor;
  preview: Preview;
  preferences: Preferences;
  /** '' is plain text */
  language: string;
  keepPreferences(): void;
  languageChanged(): void;
  pathChanged(): void;
}

type Languages = typeof import('./languages.js');
let languages: Languages | undefined;

export function editCommands(page: EditorPage): Command[] {
  const { file, editor, preview, preferences } = page;
  const view = () => editor.view;
  const toggles = (id: string, label: string, key: 'header' | 'lineNumbers' | 'wrap'): Command => ({
    id,
    label,
    checked: () => preferences[key],
    run() {
      preferences[key] = !preferences[key];
      page.keepPreferences();
    },
  });
  return [
    {
      id: 'edit:save',
      label: 'Save',
      keys: { any: ['mod-s'] },
      when: () => file.writable,
      run: () => file.save(),
    },
    { id: 'edit:new', label: 'New', run: () => newFile(file.path) },
    { id: 'edit:rename', label: 'Rename…', when: () => file.writable, run: () => rename(page) },
    { id: 'edit:download', label: 'Download', run: () => download(page) },
    {
      id: 'edit:open-folder',
      label: 'Open the folder',
      run: () => void window.open(urlFor('tree', parentPath(file.path)), '_blank', 'noopener'),
    },
    {
      id: 'edit:undo',
      label: 'Undo',
      when: () => undoDepth(view().state) > 0,
      run: () => void undo(view()),
    },
    {
      id: 'edit:redo',
      label: 'Redo',
      when: () => redoDepth(view().state) > 0,
      run: () => void redo(view()),
    },
    { id: 'edit:find', label: 'Find and replace…', keys: { any: ['mod-f'] }, run: () => editor.find() },
    { id: 'edit:go-to-line', label: 'Go to line…', keys: { any: ['alt-g'] }, run: () => editor.goToLine() },
    toggles('edit:header', 'Header', 'header'),
    toggles('edit:line-numbers', 'Line numbers', 'lineNumbers'),
    toggles('edit:wrap', 'Wrap long lines', 'wrap'),
    {
      id: 'edit:preview',
      label: 'Preview',
      when: () => page.language === 'Markdown',
      checked: () => preview.isOpen,
      run: () => preview.toggle(view()),
    },
    { id: 'edit:choose-language', label: 'Language', run: (name) => chooseLanguage(page, name) },
  ];
}

export function editMenus(page: EditorPage): MenuBarMenu[] {
  const command = (name: string): MenuEntry => ({ command: `edit:${name}` });
  const indents: [Preferences['indent'], string][] = [
    [2, '2 spaces'],
    [4, '4 spaces'],
    [8, '8 spaces'],
    ['tab', 'Tabs'],
  ];
  const themes: [Theme, string][] = [
    ['system', 'As the system'],
    ['light', 'Light'],
    ['dark', 'Dark'],
  ];
  return [
    { label: 'File', entries: ['new', 'save', 'rename', 'download', 'open-folder'].map(command) },
    {
      label: 'Edit',
      entries: [...['undo', 'redo'].map(command), 'separator', ...['find', 'go-to-line'].map(command)],
    },
    {
      label: 'View',
      entries: () => [
        ...['header', 'line-numbers', 'wrap', 'preview'].map(command),
        'separator',
        {
          label: 'Indent with',
          submenu: indents.map(([indent, label]) => ({
            label,
            checked: page.preferences.indent === indent,
            run() {
              page.preferences.indent = indent;
              page.keepPreferences();
            },
          })),
        },
        {
          label: 'Theme',
          submenu: themes.map(([theme, label]) => ({
            label,
            checked: currentTheme() === theme,
            run: () => setTheme(theme),
          })),
        },
      ],
    },
    {
      label: 'Language',
      entries: () => [
        { command: 'edit:choose-language', label: 'Plain text', argument: '' },
        ...(languages?.languageNames() ?? []).map((name) => ({
          command: 'edit:choose-language',
          label: name,
          argument: name,
        })),
      ],
    },
  ];
}

/** An empty text file beside the open one; its name can be changed in its editor. */
function newFile(path: string): Promise<void> {
  const folder = encodePath(parentPath(path));
  return openNew('New text file', async () => {
    const address = `api/contents${folder === '' ? '' : `/${folder}`}`;
    const made = await api.post<ContentsModel>(address, { type: 'file', ext: '.txt' });
    return { name: made.name, address: urlFor('edit', made.path) };
  });
}

/** @param name  of a language, '' for none; anything else: as the file's name and first line say */
async function chooseLanguage(page: EditorPage, name: unknown): Promise<void> {
  const { file, editor, preferences } = page;
  languages ??= await import('./languages.js');
  const extension = /\.[^./]+$/.exec(file.path)?.[0] ?? baseName(file.path);
  const chosen = typeof name === 'string' ? name : preferences.languages[extension];
  const language =
    chosen === undefined
      ? languages.languageOf(baseName(file.path), editor.get().line(1).text)
      : languages.languageNamed(chosen);
  page.language = language?.name ?? '';
  if (typeof name === 'string') {
    preferences.languages = { ...preferences.languages, [extension]: name };
    page.keepPreferences();
  }
  page.languageChanged();
  await editor.setLanguage(language);
}

async function rename(page: EditorPage): Promise<void> {
  const { file } = page;
  const old = baseName(file.path);
  const dot = old.lastIndexOf('.');
  await promptDialog({
    title: 'Rename the file',
    label: 'New name of the file:',
    value: old,
    select: [0, dot > 0 ? dot : old.length],
    confirm: 'Rename',
    async check(value) {
      const name = value.trim();
      if (name === '' || name.includes('/')) return 'A name is not empty, and has no slash in it.';
      if (name !== old) await file.rename(joinPath(parentPath(file.path), name));
      return undefined;
    },
  });
  if (baseName(file.path) === old) return;
  page.pathChanged();
  await chooseLanguage(page, undefined);
}

/** What is in the editor, saved first: a download is what the disk has. */
async function download({ file }: EditorPage): Promise<void> {
  if (file.isChanged && file.writable) await file.save();
  const link = document.createElement('a');
  link.href = urlFor('files', file.path, { download: '1' });
  link.download = baseName(file.path);
  link.click();
}
