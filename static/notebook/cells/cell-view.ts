/**
 * One cell in the page: `<section data-cell-id data-cell-type>` with its prompt, source and, by type, outputs or
 * rendered markdown.
 *
 * It begins as plain text. `fill` makes it rich when it comes near the screen; the source becomes a live editor only
 * while somebody edits it. It never goes back from rich, because outputs hold state (scroll, opened branches).
 *
 * As long as a cell has parts: each is a module of its own, and this one says when which of them is shown.
 */
import type { CellState } from '../../../src/notebook/notebook-state.js';
import type { CellType } from '../../../src/notebook/types.js';
import type { CellConflict } from '../../../src/protocol/document-messages.js';
import { iconElement } from '../../base/icon-element.js';
import { soon } from '../soon.js';
import { loadRich, richModule } from '../rich/load-rich.js';
import { OutputArea } from '../outputs/output-area.js';
import { directionOf, isCollapsed, isSourceHidden } from '../cell-actions.js';
import type { CellHost } from './cell-host.js';
import { ConflictBar, type ConflictChoice } from './conflict-bar.js';
import { estimateHeight } from './estimate-height.js';
import { PromptInput } from './prompt-input.js';
import { RunTime } from './run-time.js';
import { SourceView } from './source-view.js';

const NAMES: Record<CellType, string> = { code: 'Code', markdown: 'Markdown', raw: 'Raw' };

export class CellView {
  readonly element = document.createElement('section');
  readonly source: SourceView;
  readonly #prompt = document.createElement('div');
  readonly #host: CellHost;
  #state: CellState;
  #outputs: OutputArea | undefined;
  #preferredType: string | undefined;
  #markdown: HTMLElement | undefined;
  #isGone = false;
  #markdownDispose: (() => void) | undefined;
  /** markdown: shown as HTML, not as source */
  #rendered = true;
  #input: PromptInput | undefined;
  #conflicts: ConflictBar[] = [];
  #toolbar: HTMLElement | undefined;
  /** in the place of outputs or a source that are hidden */
  #outputsButton: HTMLElement | undefined;
  #sourceButton: HTMLElement | undefined;
  readonly #runTime: RunTime;
  #filled = false;
  /** where the cell stands; undefined until somebody has counted */
  #place: { number: number; count: number } | undefined;

  constructor(state: CellState, host: CellHost) {
    this.#state = state;
    this.#host = host;
    this.source = new SourceView(state, host);
    this.#prompt.className = 'prompt';
    const row = document.createElement('div');
    row.className = 'input';
    row.append(this.#prompt, this.source.element);
    this.#runTime = new RunTime(this.#prompt);
    this.element.className = 'cell';
    this.element.tabIndex = -1;
    this.element.dataset['cellId'] = state.id;
    this.element.setAttribute('role', 'group');
    this.element.append(row);
    this.element.dir = directionOf(state.cell.metadata);
    this.#showType();
    this.#showRun();
  }

  get state(): CellState {
    return this.#state;
  }

  get type(): CellType {
    return this.#state.cell.cell_type;
  }

  /** Pixels that the cell will need, roughly, before it was laid out. */
  get estimate(): number {
    return estimateHeight(this.#state.cell);
  }

  get isFilled(): boolean {
    return this.#filled;
  }

  get isRendered(): boolean {
    return this.type === 'markdown' && this.#rendered;
  }

  get isScrolled(): boolean {
    return this.#outputs?.element.classList.contains('scrolled') ?? false;
  }

  get isCollapsed(): boolean {
    return isCollapsed(this.#state.cell.metadata);
  }

  get isSourceHidden(): boolean {
    return this.type === 'code' && isSourceHidden(this.#state.cell.metadata);
  }

  update(state: CellState): void {
    const before = this.#state;
    if (before === state) return;
    this.#state = state;
    const typeChanged = before.cell.cell_type !== state.cell.cell_type;
    const sourceChanged = before.cell.source !== state.cell.source;
    const metadataChanged = before.cell.metadata !== state.cell.metadata;
    this.source.update(state);
    if (metadataChanged) {
      this.source.readOnlyChanged();
      this.element.dir = directionOf(state.cell.metadata);
    }
    if (typeChanged) {
      this.#rendered = state.cell.cell_type !== 'markdown' || (this.#filled && !this.source.hasFocus);
      this.#showType();
    }
    if (
      typeChanged ||
      before.execution !== state.execution ||
      before.cell.execution_count !== state.cell.execution_count
    ) {
      this.#showRun();
    }
    if (!this.#filled) return;
    if (
      typeChanged ||
      (this.isRendered && (sourceChanged || before.cell.attachments !== state.cell.attachments))
    ) {
      this.#drawMarkdown();
    }
    if (typeChanged || metadataChanged || before.cell.outputs !== state.cell.outputs) this.#drawOutputs();
    if (typeChanged || metadataChanged) this.#drawHidden();
    if (typeChanged || metadataChanged || before.cell.attachments !== state.cell.attachments) {
      this.drawToolbar();
    }
  }

  /** Makes the cell rich: colours, rendered markdown, outputs. */
  fill(): void {
    if (this.#filled) return;
    this.#filled = true;
    this.source.fill();
    this.#drawMarkdown();
    this.#drawOutputs();
    this.#drawHidden();
    this.drawToolbar();
    if (COARSE_POINTER.matches) this.#addRunButton();
  }

  /** The toolbar above the cell (View ▸ Cell Toolbar), as the page has it now. */
  drawToolbar(): void {
    const next = this.#host.toolbar(this.#state.cell);
    const hadFocus = this.#toolbar?.contains(document.activeElement) ?? false;
    this.#toolbar?.remove();
    this.#toolbar = next;
    if (next === undefined) return;
    this.element.prepend(next);
    if (hadFocus) next.querySelector<HTMLElement>('input, select, button')?.focus({ preventScroll: true });
  }

  /** Shows markdown as HTML, or its source. Other cells have no two forms. */
  setRendered(rendered: boolean): void {
    if (this.type !== 'markdown') return;
    const changed = rendered !== this.#rendered;
    this.#rendered = rendered;
    if (!this.#filled) {
      // HTML that nobody sees yet can wait; who asks for the source is about to write there
      if (!rendered) this.fill();
      return;
    }
    if (changed || (rendered && this.#markdown === undefined)) this.#drawMarkdown();
  }

  /** Gives the cell its name in the notebook, for screen readers. */
  setPlace(number: number, count: number): void {
    if (this.#place?.number === number && this.#place.count === count) return;
    this.#place = { number, count };
    this.#showName();
  }

  /** An `input()` that waits, or null. The person's answer goes to `answer`. */
  setInput(request: { prompt: string; password: boolean } | null, answer: (value: string) => void): void {
    this.#input?.element.remove();
    this.#input = undefined;
    if (request === null) return;
    this.#input = new PromptInput(request, answer);
    this.element.append(this.#input.element);
  }

  /** Texts that somebody else wanted this cell to have. */
  setConflicts(
    conflicts: readonly CellConflict[],
    choose: (conflict: CellConflict, choice: ConflictChoice) => void,
  ): void {
    for (const bar of this.#conflicts) bar.element.remove();
    this.#conflicts = conflicts.map((one) => new ConflictBar(one, (choice) => choose(one, choice)));
    this.element.append(...this.#conflicts.map(({ element }) => element));
  }

  focusInput(): void {
    this.#input?.focus();
  }

  get hasInputFocus(): boolean {
    return this.#input?.element.contains(document.activeElement) ?? false;
  }

  /** The kernel's language or its parser is known now. */
  languageChanged(): void {
    this.source.languageChanged();
    if (this.#filled && this.isRendered && CODE_BLOCK.test(this.#state.cell.source)) this.#drawMarkdown();
  }

  trustChanged(): void {
    this.#drawOutputsAnew();
  }

  /** Types that the outputs can be shown as, where there are several. */
  get outputTypes(): readonly string[] {
    return this.#outputs?.types ?? [];
  }

  /** Shows outputs as this type where they have it, until the page is left. */
  showOutputsAs(mime: string): void {
    this.#preferredType = mime;
    this.#drawOutputsAnew();
  }

  dispose(): void {
    this.#isGone = true;
    this.source.dispose();
    this.#runTime.dispose();
    this.#outputs?.dispose();
    this.#markdownDispose?.();
  }

  #showName(): void {
    if (this.#place === undefined) return;
    const { number, count } = this.#place;
    this.element.setAttribute('aria-label', `${NAMES[this.type]} cell ${number} of ${count}`);
  }

  #showType(): void {
    this.element.dataset['cellType'] = this.type;
    this.#showName();
    if (this.type !== 'code') {
      this.#outputs?.dispose();
      this.#outputs?.element.remove();
      this.#outputs = undefined;
    }
    if (this.type !== 'markdown') this.#dropMarkdown();
    this.element.classList.toggle('rendered', this.isRendered && this.#markdown !== undefined);
  }

  #showRun(): void {
    if (this.type !== 'code') {
      this.#prompt.textContent = '';
      this.#runTime.show({ state: 'idle', count: null });
      this.element.removeAttribute('aria-description');
      delete this.element.dataset['run'];
      return;
    }
    const { run } = this.#state;
    const waiting = run.state !== 'idle';
    this.#prompt.textContent = `In [${waiting ? '*' : (run.count ?? ' ')}]:`;
    this.#runTime.show(run);
    this.element.dataset['run'] = run.state;
    const spoken = waiting
      ? run.state
      : run.count === null
        ? ''
        : `input ${run.count}${spokenEnd(run.status)}`;
    if (spoken === '') this.element.removeAttribute('aria-description');
    else this.element.setAttribute('aria-description', spoken);
  }

  #drawMarkdown(): void {
    if (this.#isGone) return; // what waited to be drawn comes later than its end
    if (!this.isRendered) return this.#dropMarkdown();
    const rich = richModule();
    if (rich === undefined) {
      // until then the source is shown
      loadRich().then(
        // all cells that wait for it learn of it in one task
        () => soon(() => this.#drawMarkdown()),
        () => undefined,
      );
      return;
    }
    const { source, attachments } = this.#state.cell;
    if (this.#markdown === undefined) {
      this.#markdown = document.createElement('div');
      this.#markdown.className = 'markdown rendered-html';
      this.#markdown.dataset['markdown'] = '';
      this.#markdown.addEventListener('dblclick', () => this.#host.edit(this.#state.id));
      this.element.append(this.#markdown);
    }
    this.#markdownDispose?.();
    const empty = source.trim() === '';
    this.#markdown.classList.toggle('placeholder', empty);
    this.#markdownDispose = rich.renderMarkdownInto(
      this.#markdown,
      empty ? 'Type *Markdown* and LaTeX: $\\alpha^2$' : source,
      { attachments, path: this.#host.path(), outsideImages: false },
    );
    this.element.classList.add('rendered');
  }

  #dropMarkdown(): void {
    this.#markdownDispose?.();
    this.#markdownDispose = undefined;
    this.#markdown?.remove();
    this.#markdown = undefined;
    this.element.classList.remove('rendered');
  }

  #drawOutputs(): void {
    if (this.type !== 'code') return;
    const { outputs = [] } = this.#state.cell;
    if (this.#outputs === undefined && outputs.length === 0) return;
    if (this.#outputs === undefined) {
      this.#outputs = new OutputArea(this.#host.outputs, () => this.#scrollLong());
      if (this.#input === undefined) this.element.append(this.#outputs.element);
      else this.#input.element.before(this.#outputs.element);
    }
    this.#outputs.update(outputs, this.#outputContext());
    this.#drawOutputsButton(this.isCollapsed ? outputs.length : 0);
    this.#scrollLong();
  }

  #drawOutputsAnew(): void {
    if (!this.#filled || this.#outputs === undefined) return;
    this.#outputs.update([], this.#outputContext());
    this.#drawOutputs();
  }

  #scrollLong(): void {
    const scrolled = this.#state.cell.metadata['scrolled'];
    const isLong = this.#outputs?.isLong === true;
    this.#outputs?.element.classList.toggle('scrolled', scrolled === true || (scrolled !== false && isLong));
  }

  /** Hidden outputs leave a button in their place, so that nobody thinks there are none. */
  #drawOutputsButton(hidden: number): void {
    this.element.classList.toggle('collapsed', hidden > 0);
    this.#outputsButton?.remove();
    this.#outputsButton = undefined;
    if (hidden === 0) return;
    const text = hidden === 1 ? '1 output is hidden' : `${hidden} outputs are hidden`;
    this.#outputsButton = hiddenButton(text, () => this.#host.show(this.#state.id, 'outputs'));
    this.element.append(this.#outputsButton);
  }

  #drawHidden(): void {
    const hidden = this.isSourceHidden;
    this.source.element.hidden = hidden;
    this.#sourceButton?.remove();
    this.#sourceButton = undefined;
    if (!hidden) return;
    this.#sourceButton = hiddenButton('The source is hidden', () =>
      this.#host.show(this.#state.id, 'source'),
    );
    this.source.element.after(this.#sourceButton);
  }

  /** Fingers have no Shift-Enter. */
  #addRunButton(): void {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'run-cell';
    button.tabIndex = -1;
    button.title = 'Run this cell';
    button.setAttribute('aria-label', button.title);
    button.append(iconElement('run'));
    button.addEventListener('click', (event) => {
      event.stopPropagation();
      this.#host.run(this.#state.id);
    });
    this.#prompt.after(button);
  }

  #outputContext() {
    const { id } = this.#state;
    return {
      path: this.#host.path(),
      untrusted: this.#host.untrusted(id),
      trust: () => this.#host.trust(),
      prelude: () => this.#host.prelude(id),
      kernel: this.#host.kernel,
      cellName: `cell ${this.#host.place(id).number}`,
      preferred: this.#preferredType,
    };
  }
}

/** In a markdown text, a block of code that may be coloured. */
const CODE_BLOCK = /```|~~~/;

/** Asked once: a screen does not become one for fingers while a page is open, or the next cells have the button. */
const COARSE_POINTER = matchMedia('(pointer: coarse)');

function hiddenButton(text: string, show: () => void): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button hidden-part';
  button.textContent = `${text} …`;
  button.title = 'Show';
  button.addEventListener('click', show);
  return button;
}

function spokenEnd(status: string | undefined): string {
  return status === 'error'
    ? ', ended with an error'
    : status === 'cancelled' || status === 'aborted'
      ? ', not run'
      : '';
}
