/** The tab Files: actions for what is selected, Upload and New, the list, and where files drop. */
import { signal, useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../base/icons.js';
import { MenuButton, type MenuEntry } from '../base/menu.js';
import { notifyError } from '../base/notify.js';
import { pageData } from '../base/page-data.js';
import { urlFor } from '../base/urls.js';
import { commands, newFolder, newNotebook, newTextFile } from './actions.js';
import * as dashboard from './dashboard.js';
import { FileList } from './file-list.js';
import { FolderText } from './folder-text.js';
import { droppedFiles } from './dropped-files.js';
import type { NewFile, NewFolder } from './uploads.js';

const HEADER = /^header\.md$/i;
const FOOTER = /^(?:readme|footer)\.md$/i;

/** What shows files on their way: loaded with what sends them, when there are some. */
const uploadRows = signal<ComponentType | undefined>(undefined);

async function upload(files: readonly (NewFile | NewFolder)[]): Promise<void> {
  const folder = dashboard.path.value;
  try {
    const [{ addFiles }, rows] = await Promise.all([import('./uploads.js'), import('./upload-rows.js')]);
    uploadRows.value = rows.UploadRows;
    await addFiles(files, folder);
  } catch (error) {
    notifyError('The files cannot be sent.', error);
  }
}

function UploadRows() {
  const Loaded = uploadRows.value;
  return Loaded === undefined ? null : <Loaded />;
}

export function FilesTab() {
  return (
    <DropTarget>
      <div class="toolbar">
        <SelectionActions />
        <div class="toolbar-right">
          <UploadButton />
          <MenuButton label="New" entries={newEntries} right>
            New
          </MenuButton>
          <button
            type="button"
            class="button"
            aria-label="Refresh"
            title="Refresh"
            onClick={() => void dashboard.refresh()}
          >
            <Icon name="refresh" />
          </button>
          <MenuButton label="More" entries={moreEntries} right />
        </div>
      </div>
      <UploadRows />
      <FolderText names={HEADER} />
      <FileList />
      <FolderText names={FOOTER} />
    </DropTarget>
  );
}

/** Only what can be done with the selection is there, as in the classic; nothing moves, since the line stays. */
function SelectionActions() {
  const hidden = dashboard.selection.value.size - dashboard.selected.value.length;
  if (dashboard.selected.value.length === 0) {
    return (
      <p class="hint">
        {hidden === 0
          ? 'Select items to perform actions on them.'
          : `${hidden} selected, hidden by the filter.`}
      </p>
    );
  }
  const ids = ['duplicate', 'rename', 'move', 'download', 'view', 'edit', 'shutdown', 'delete'];
  return (
    <div class="selection-actions" role="toolbar" aria-label="Selected items">
      {ids
        .map((id) => commands.get(`tree:${id}`))
        .filter((command) => command !== undefined && commands.isEnabled(command.id))
        .map((command) => {
          if (command === undefined) return null;
          const kind =
            command.id === 'tree:delete' ? 'danger' : command.id === 'tree:shutdown' ? 'shutdown' : '';
          return (
            <button
              key={command.id}
              type="button"
              class={`button ${kind}`}
              title={command.title ?? command.label}
              aria-label={command.icon === undefined ? undefined : command.label}
              onClick={() => void commands.run(command.id)}
            >
              {command.icon === undefined ? command.label : <Icon name={command.icon} />}
            </button>
          );
        })}
      {hidden > 0 && <span class="hint">{hidden} more selected, hidden by the filter</span>}
    </div>
  );
}

function newEntries(): MenuEntry[] {
  const specs = dashboard.kernelspecs.value;
  // the default first: Enter on the open menu makes the notebook that most people want
  const rank = (name: string) => (name === specs?.default ? 0 : 1);
  const kernels = Object.values(specs?.kernelspecs ?? {}).sort(
    (a, b) => rank(a.name) - rank(b.name) || a.spec.display_name.localeCompare(b.spec.display_name),
  );
  return [
    { heading: 'Notebook:' },
    ...(kernels.length === 0
      ? [
          {
            label: specs === undefined ? 'Kernels are being listed…' : 'No kernel is installed',
            disabled: true,
            run() {},
          },
        ]
      : kernels.map(({ name, spec, resources }) => ({
          label: spec.display_name,
          ...logoOf(resources),
          title: `Create a new notebook with ${spec.display_name}`,
          run: () => void newNotebook(name),
        }))),
    'separator',
    { heading: 'Other:' },
    { label: 'Text File', title: 'Create a new text file', run: () => void newTextFile() },
    { label: 'Folder', title: 'Create a new folder', run: () => void newFolder() },
    terminalEntry(),
  ];
}

function moreEntries(): MenuEntry[] {
  const { hidden } = pageData<dashboard.TreePageData>();
  return [
    {
      label: 'Hidden files',
      title: hidden
        ? 'List files whose names begin with a dot'
        : 'This server does not give out hidden files (allow_hidden)',
      checked: hidden && dashboard.showsHidden.value,
      disabled: !hidden,
      run: dashboard.toggleHidden,
    },
    {
      label: 'Trash…',
      title: 'What was deleted',
      run: () =>
        void import('./trash.js')
          .then(({ openTrash }) => openTrash())
          .catch((error: unknown) => notifyError('Trash:', error)),
    },
    {
      label: 'Connection test',
      title: 'Looks for what is wrong between this browser and the server',
      href: urlFor('connection'),
      target: '_blank',
    },
  ];
}

function logoOf(resources: Record<string, string>): { image?: string } {
  const image = resources['logo-svg'] ?? resources['logo-64x64'] ?? resources['logo-32x32'];
  return image === undefined ? {} : { image };
}

function terminalEntry(): MenuEntry {
  const label = 'Terminal';
  const { terminals } = pageData<dashboard.TreePageData>();
  if (terminals === 'available')
    return {
      label,
      href: urlFor('terminals/new', '', dashboard.path.value === '' ? {} : { cwd: dashboard.path.value }),
      target: '_blank',
      title: 'Open a shell in this folder',
    };
  const title =
    terminals === 'disabled'
      ? 'Terminals are turned off on this server (terminals_enabled)'
      : 'Terminals need the package @lydell/node-pty, which is not installed on this server';
  return { label, title, disabled: true, run() {} };
}

function UploadButton() {
  const input = useRef<HTMLInputElement>(null);
  const choose = (folder: boolean): void => {
    const element = input.current;
    if (element === null) return;
    element.webkitdirectory = folder;
    element.click();
  };
  return (
    <span class="button-group">
      <button
        type="button"
        class="button"
        title="Click to browse for files to upload"
        onClick={() => choose(false)}
      >
        Upload
      </button>
      <button
        type="button"
        class="button"
        aria-label="Upload a folder"
        title="Upload a folder with all that is in it"
        onClick={() => choose(true)}
      >
        <Icon name="folder" />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => {
          const chosen = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = ''; // the same file can be chosen again
          void upload(chosen.map((file) => ({ file, path: file.webkitRelativePath || file.name })));
        }}
      />
    </span>
  );
}

/** Files dropped anywhere on the page are uploaded; without this the browser would leave the page to show them. */
function DropTarget({ children }: { children: preact.ComponentChildren }) {
  const over = useSignal(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const onOver = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      over.value = true;
    };
    const onLeave = (event: DragEvent): void => {
      if (event.relatedTarget === null) over.value = false;
    };
    const onDrop = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      over.value = false;
      droppedFiles(event).then(upload, (error: unknown) => notifyError('The files cannot be read.', error));
    };
    document.addEventListener('dragover', onOver);
    document.addEventListener('dragleave', onLeave);
    document.addEventListener('drop', onDrop);
    return () => {
      document.removeEventListener('dragover', onOver);
      document.removeEventListener('dragleave', onLeave);
      document.removeEventListener('drop', onDrop);
    };
  }, []);
  return <div class={over.value ? 'drop-target over' : 'drop-target'}>{children}</div>;
}
