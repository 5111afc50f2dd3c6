/**
 * The notebook page put together: the document, the cells, the selection, the commands and the parts around them. Each
 * part is a module of its own; this one only says who tells whom, and is as long as there are parts.
 */
import { computed, effect } from '@preact/signals';
import type { NotebookState } from '../../src/notebook/notebook-state.js';
import type { Operation } from '../../src/notebook/operations.js';
import type { CellId } from '../../src/notebook/types.js';
import { CommandRegistry, Keymap } from '../base/commands.js';
import { announce, notify, notifyError } from '../base/notify.js';
import { soon } from './soon.js';
import { urlFor } from '../base/urls.js';
import { directionOf, isEditable, setCollapsed, setSourceHidden } from './cell-actions.js';
import type { ToolbarKind } from './cell-toolbar/names.js';
import { toolbarOf } from './cell-toolbar/names.js';
import { followConflicts, followPrompt } from './cell-questions.js';
import { CellList } from './cells/cell-list.js';
import type { CellHost } from './cells/cell-host.js';
import { CellClipboard } from './clipboard.js';
import { cellCommands } from './commands/cell-commands.js';
import { fileCommands } from './commands/file-commands.js';
import { kernelCommands } from './commands/kernel-commands.js';
import { outputCommands } from './commands/output-commands.js';
import { toolCommands } from './commands/tool-commands.js';
import { viewCommands } from './commands/view-commands.js';
import { DocumentClient } from './document-client.js';
import { EditorPool } from './editor/editor-pool.js';
import { loadEditor, loadWritingWhenIdle } from './editor/load-editor.js';
import { KernelHelpClient } from './kernel-help.js';
import { KernelLine } from './kernel-line.js';
import { loadColours } from './colours/colours.js';
import type { NotebookContext } from './notebook-context.js';
import { Anchors } from './anchors.js';
import { preludeOf } from './outputs/prelude.js';
import { OutputSource } from './outputs/output-source.js';
import { renderBundle } from './outputs/mime.js';
import { equationsChanged, numberEquationsOf } from './outputs/math.js';
import { doEarlyInput } from './early-input.js';
import { listenToPage, takePictures } from './page-events.js';
import { painted } from '../base/page-moments.js';
import { isShown, setShown } from './page-parts.js';
import { Pager } from './pager.js';
import type { TableOfContents } from './panels/table-of-contents.js';
import { RunProgress } from './run-progress.js';
import { Selection } from './selection.js';
import { showMode } from './status.js';

export interface PageElements {
  scroller: HTMLElement;
  cells: HTMLElement;
  /** shown when the notebook cannot be opened */
  failure: HTMLElement;
}

export class NotebookPage implements NotebookContext {
  readonly client: DocumentClient;
  readonly list: CellList;
  readonly selection: Selection;
  readonly clipboard = new CellClipboard();
  readonly pager = new Pager();
  readonly progress = new RunProgress();
  readonly commands: CommandRegistry;
  readonly scroller: HTMLElement;
  readonly #elements: PageElements;
  readonly #keymap: Keymap;
  readonly #help: KernelHelpClient;
  readonly #pool = new EditorPool();
  readonly #anchors: Anchors;
  readonly outputs: OutputSource;
  readonly #onSelection = new Set<() => void>();
  readonly #onChange = new Set<() => void>();
  /** resolves when the first cells are there */
  readonly loaded: Promise<void>;
  #isLoaded: () => void = () => undefined;
  /** resolves when the editor is there, or cannot be had */
  readonly #editorIsThere: Promise<void>;
  #editorCame: () => void = () => undefined;
  /** the kernel's language as the cells are coloured with */
  #language = '';
  #opened: NotebookContext['opened'];
  #toolbarKind: ToolbarKind | undefined;
  #toolbars: typeof import('./cell-toolbar/cell-toolbar.js') | undefined;
  #contents: TableOfContents | undefined;
  #selected = new Set<CellId>();

  constructor(elements: PageElements, path: string, kernelName: string | undefined, nonce: string) {
    this.#elements = elements;
    this.loaded = new Promise((resolve) => (this.#isLoaded = resolve));
    this.#editorIsThere = new Promise((resolve) => (this.#editorCame = resolve));
    this.scroller = elements.scroller;
    this.commands = new CommandRegistry((error, command) => notifyError(`${command.label}:`, error));
    this.selection = new Selection(
      () => this.view,
      () => this.#showSelection(),
    );
    this.#keymap = new Keymap(this.commands, { mode: () => this.selection.mode });
    this.#help = new KernelHelpClient({
      kernelId: () => this.client.kernel.value?.id ?? undefined,
      isBusy: () => this.client.kernel.value?.state !== 'idle',
      path: () => this.client.path.value,
      toPager: (content) => this.pager.show(content),
    });
    this.client = new DocumentClient(path, kernelName, {
      changed: (ops, by) => this.#changed(ops, by),
      replaced: () => this.#replaced(),
      trustChanged: (ids) => ids.forEach((id) => this.list.view(id)?.trustChanged()),
      notice: (level, message) => notify(message, { kind: level, key: message }),
      pager: (data) => this.#showHelp(data),
      failed: (message) => this.#failed(message),
      unmerged: () => location.replace(urlFor('edit', this.client.path.value)),
    });
    this.outputs = new OutputSource(
      () => this.client.id,
      () => this.client.sync.startOver(),
    );
    this.list = new CellList(elements.cells, elements.scroller, () => this.view, this.#cellHost(nonce), {
      removed: (id) => this.#cellRemoved(id),
      complete: () => (document.body.dataset['loaded'] = ''),
    });
    this.commands.addGroup('Cells', cellCommands(this));
    this.commands.addGroup('Outputs', outputCommands(this));
    this.commands.addGroup('Kernel', kernelCommands(this));
    this.commands.addGroup('File', fileCommands(this));
    this.commands.addGroup('Tools', toolCommands(this));
    this.commands.addGroup('View', viewCommands(this));
    numberEquationsOf(() => this.#markdown());
    this.#followLanguage();
    effect(() => {
      // read, so that this runs again when they change
      void [this.client.writable.value, this.client.copyFolder.value];
      for (const view of this.list.views()) view.source.readOnlyChanged();
    });
    this.#anchors = new Anchors(this, elements.cells);
    followPrompt(this);
    followConflicts(this);
    this.#listen();
  }

  get view(): NotebookState {
    return this.client.sync.view;
  }

  get opened(): NotebookContext['opened'] {
    return this.#opened;
  }

  get canEdit(): boolean {
    const { sync, writable, copyFolder } = this.client;
    return sync.isLoaded && (writable.value || copyFolder.value !== undefined);
  }

  /** What the kernel says of itself, for the Help menu. */
  aboutKernel(): ReturnType<KernelHelpClient['about']> {
    return this.#help.about();
  }

  /** Calls `listener` when the selection or the mode has changed. */
  onSelection(listener: () => void): void {
    this.#onSelection.add(listener);
  }

  /** Calls `listener` when the notebook has changed, here or elsewhere. */
  onChange(listener: () => void): void {
    this.#onChange.add(listener);
  }

  perform(ops: readonly Operation[]): void {
    if (ops.length === 0) return;
    this.client.sync.perform(ops);
    this.list.flush();
  }

  select(
    id: CellId | null,
    { extend = false, scroll = true }: { extend?: boolean; scroll?: boolean } = {},
  ): void {
    if (id === null) return this.selection.select(null);
    this.list.flush();
    if (scroll) this.list.fill(id);
    if (extend) this.selection.extendTo(id);
    else this.selection.select(id);
    this.#focusCurrent(scroll);
  }

  async edit(id: CellId, position?: number): Promise<void> {
    const view = this.list.view(id);
    if (view === undefined) return;
    if (view.isSourceHidden) {
      if (!this.canEdit) return;
      this.perform(setSourceHidden(this.view, id, false)); // a caret in a text that nobody sees
    }
    this.list.fill(id);
    view.setRendered(false);
    this.selection.select(id, 'edit');
    await view.source.focus(position);
  }

  leaveEditor(): void {
    this.selection.setMode('command');
    this.#focusCurrent(false);
  }

  #focusCurrent(scroll: boolean): void {
    const view = this.selection.current === null ? undefined : this.list.view(this.selection.current);
    if (view === undefined) return;
    view.element.focus({ preventScroll: true });
    if (scroll) view.element.scrollIntoView({ block: 'nearest' });
  }

  #cellHost(nonce: string): CellHost {
    return {
      nonce,
      pool: this.#pool,
      help: this.#help,
      outputs: this.outputs,
      path: () => this.client.path.value,
      language: () => this.#language,
      kernel: {
        id: () => this.client.kernel.value?.id ?? undefined,
        open: (id, handlers) => new KernelLine(id, handlers),
        onChange: (listener) => computed(() => this.client.kernel.value?.id).subscribe(listener),
      },
      readOnly: (id) => {
        const state = this.view.cell(id);
        return !this.canEdit || (state !== undefined && !isEditable(state.cell));
      },
      untrusted: (id) => this.client.sync.untrusted.has(id),
      place: (id) => ({ number: this.view.indexOf(id) + 1, count: this.view.length }),
      edited: (id, changes) => {
        this.client.sync.perform([{ op: 'edit-source', id, changes }], { undoable: false });
      },
      editing: (id) => this.selection.select(id, 'edit'),
      toolbar: (cell) =>
        this.#toolbarKind === undefined
          ? undefined
          : this.#toolbars?.cellToolbar(this.#toolbarKind, cell, this),
      show: (id, part) => {
        const hide = part === 'outputs' ? setCollapsed : setSourceHidden;
        this.perform(hide(this.view, id, false));
        this.select(id, { scroll: false });
      },
      trust: () => void this.commands.run('jupyter-notebook:trust-notebook'),
      prelude: (id) => preludeOf(this, id),
      run: (id) => {
        this.selection.select(id);
        void this.commands.run('jupyter-notebook:run-cell');
      },
      pictures: (id, transfer, position) => takePictures(this, id, transfer, position),
      keydown: (event) => this.#key(event),
      edit: (id, position) => {
        this.edit(id, position).catch((error: unknown) =>
          notifyError('The editor could not be loaded.', error),
        );
      },
    };
  }

  *#markdown(): Generator<string> {
    for (const { cell } of this.view.cells()) if (cell.cell_type === 'markdown') yield cell.source;
  }

  #changed(ops: readonly Operation[], by: 'self' | 'server'): void {
    if (ops.some((op) => this.#mayMoveEquations(op))) equationsChanged();
    this.list.changed(ops);
    for (const listener of this.#onChange) listener();
    this.progress.changed(ops);
    this.#contents?.changed();
    if (ops.some((op) => op.op === 'set-metadata' && op.id === null)) this.#followMetadata();
    if (by === 'self') return;
    for (const op of ops) {
      if (op.op !== 'set-execution' || op.execution.state !== 'idle') continue;
      if (op.execution.status === 'error')
        announce(`Cell ${this.view.indexOf(op.id) + 1} ended with an error.`);
      else if (op.execution.status === 'ok') announce(`Cell ${this.view.indexOf(op.id) + 1} is done.`);
    }
  }

  #mayMoveEquations(op: Operation): boolean {
    switch (op.op) {
      case 'insert-cell':
      case 'delete-cell':
      case 'move-cell':
      case 'set-cell-type':
        return true;
      case 'edit-source':
        return this.view.cell(op.id)?.cell.cell_type === 'markdown';
      default:
        return false;
    }
  }

  #replaced(): void {
    const first = this.list.isEmpty;
    const isSeen = this.#elements.cells.querySelector('.first-cells') !== null;
    equationsChanged();
    this.#opened ??= { state: this.view.copy(), at: Date.now() };
    this.#elements.failure.hidden = true;
    this.progress.replaced(this.view);
    this.list.replaced();
    this.#followMetadata();
    this.#contents?.changed();
    if (first) {
      if (isShown('contents')) this.showContents(true);
      this.list.showLineNumbers(isShown('line-numbers'));
      this.#isLoaded();
      const free = document.activeElement === null || document.activeElement === document.body;
      this.selection.select(this.view.ids[0] ?? null);
      if (free) this.#focusCurrent(false);
      this.#anchors.goToHash();
      void doEarlyInput(this);
      void this.#goOn(isSeen);
    } else if (this.selection.current === null || !this.view.has(this.selection.current)) {
      this.selection.select(this.view.ids[0] ?? null);
    }
  }

  /** The first cells are there: what follows, in the order in which somebody may miss it. */
  async #goOn(isSeen: boolean): Promise<void> {
    if (!isSeen) await painted(); // what the HTML showed already looks the same
    await loadEditor().catch(() => undefined); // a click will try again, and report
    this.#editorCame();
    await this.client.startUsualKernel();
    loadWritingWhenIdle()
      .then((writing) => writing.languageSupport(this.#language))
      .catch(() => undefined); // as above
  }

  /** The selected cell is gone: what stands in its place is selected, without scrolling there. */
  #cellRemoved(id: CellId): void {
    this.#selected.delete(id);
    if (this.selection.current !== id) return;
    const next = this.view.anchor(id) ?? this.view.ids[0] ?? null;
    this.selection.select(next);
    queueMicrotask(() => {
      if (document.activeElement === document.body) this.#focusCurrent(false);
    });
  }

  #failed(message: string): void {
    // cells of the HTML that never come to life
    if (this.list.isEmpty) this.#elements.cells.replaceChildren();
    this.#elements.failure.hidden = false;
    const text = this.#elements.failure.querySelector('p');
    if (text !== null) text.textContent = message;
  }

  #showSelection(): void {
    const selected = new Set(this.selection.cells);
    const { current, mode } = this.selection;
    for (const id of this.#selected) {
      if (selected.has(id)) continue;
      this.list.view(id)?.element.classList.remove('selected', 'current', 'multiple');
      const element = this.list.view(id)?.element;
      if (element !== undefined) element.tabIndex = -1;
    }
    for (const id of selected) {
      const element = this.list.view(id)?.element;
      element?.classList.add('selected');
      element?.classList.toggle('current', id === current);
      element?.classList.toggle('multiple', selected.size > 1);
      if (element !== undefined) element.tabIndex = id === current ? 0 : -1;
    }
    this.#selected = selected;
    showMode(mode);
    this.#contents?.selectionChanged();
    for (const listener of this.#onSelection) listener();
  }

  #key(event: KeyboardEvent): boolean {
    if (!this.#keymap.handle(event)) return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #listen(): void {
    listenToPage(this, this.#elements.cells, (event) => this.#key(event));
    this.#elements.cells.addEventListener('focusin', (event) => {
      if (!(event.target instanceof HTMLElement)) return;
      const section = event.target.closest<HTMLElement>('[data-cell-id]');
      const id = section?.dataset['cellId'];
      if (section === null || id === undefined || event.target.closest('.cm-editor') !== null) return;
      // a focus that came by the selection itself changes nothing
      if (event.target === section && this.#selected.has(id) && this.selection.mode === 'command') return;
      this.selection.select(id);
    });
    addEventListener('beforeunload', (event) => {
      if (this.client.wouldLose) event.preventDefault();
    });
    document.addEventListener('visibilitychange', () => {
      if (
        document.visibilityState === 'hidden' &&
        this.client.unsaved.value &&
        this.client.autosave &&
        this.canEdit
      )
        this.client.sync.saveUnasked();
    });
  }

  showContents(shown: boolean): void {
    setShown('contents', shown);
    this.#contents?.dispose();
    this.#contents = undefined;
    if (!shown) return;
    void import('./panels/table-of-contents.js').then(({ TableOfContents }) => {
      if (this.#contents !== undefined || !isShown('contents')) return;
      this.#contents = new TableOfContents({
        view: () => this.view,
        current: () => this.selection.current,
        goTo: (id, heading) => {
          this.select(id);
          const headings = this.list.view(id)?.element.querySelectorAll(':is(h1,h2,h3,h4,h5,h6)');
          headings?.[heading.index]?.scrollIntoView({ block: 'start' });
        },
        close: () => {
          this.showContents(false);
          this.#focusCurrent(false);
        },
      });
      this.scroller.before(this.#contents.element);
    }, notifyLoadError);
  }

  /** The notebook's metadata says which toolbar its cells have. */
  #followMetadata(): void {
    this.#elements.cells.dir = directionOf(this.view.metadata);
    this.#followToolbar();
  }

  #followToolbar(): void {
    const kind = toolbarOf(this.view.metadata);
    if (kind === this.#toolbarKind) return;
    this.#toolbarKind = kind;
    const draw = () => {
      for (const view of this.list.views()) if (view.isFilled) view.drawToolbar();
    };
    if (kind === undefined || this.#toolbars !== undefined) return draw();
    import('./cell-toolbar/cell-toolbar.js').then((module) => {
      this.#toolbars = module;
      draw();
    }, notifyLoadError);
  }

  #followLanguage(): void {
    effect(() => {
      const language = this.client.kernel.value?.language ?? '';
      if (language === this.#language) return;
      this.#language = language;
      const show = () => {
        if (language !== this.#language) return;
        for (const view of this.list.views()) if (view.isFilled) soon(() => view.languageChanged());
      };
      // without its parser the text stays plain, and can be edited all the same; so the editor comes first
      void this.#editorIsThere.then(() => loadColours(language)).then(show, show);
    });
  }

  #showHelp(data: Record<string, unknown>): void {
    const context = { path: this.client.path.value, untrusted: true, cellName: 'the help' };
    const plain = data['text/plain'];
    const bundle = typeof plain === 'string' ? { 'text/plain': plain } : (data as Record<string, string>);
    this.pager.show(renderBundle(bundle, {}, context).element);
  }
}

function notifyLoadError(error: unknown): void {
  notifyError('A part of the page could not be loaded.', error);
}
