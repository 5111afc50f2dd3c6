/** What a MIME bundle is shown as: the richest type that this page can show, in the classic notebook's order. */
import type { JsonObject, JsonValue, MimeBundle, OutputReference } from '../../../src/notebook/types.js';
import { imageSize } from '../../../src/render/image-size.js';
import { loadRich, richModule } from '../rich/load-rich.js';
import { activePart, isScript, type ActivePart } from './active.js';
import { jsonTree } from './json-tree.js';
import { TextView } from './text-view.js';

export interface OutputContext {
  /** path of the notebook, for relative addresses */
  path: string;
  /** the output came from outside: nothing of other servers is loaded without a click */
  untrusted: boolean;
  /** asks the person to trust the notebook */
  trust?: () => void;
  /** active outputs of earlier cells that set something up, in order */
  prelude?: () => Promise<ActivePart[]>;
  /** for the alternative text of images: `cell 3` */
  cellName: string;
}

export interface Rendered {
  element: HTMLElement;
  dispose?: () => void;
}

type RichModule = NonNullable<ReturnType<typeof richModule>>;
type Renderer = (
  value: JsonValue,
  metadata: JsonObject,
  context: OutputContext,
  mime: string,
  data: MimeBundle,
) => Rendered | undefined;

const RENDERERS: readonly (readonly [mime: string, render: Renderer])[] = [
  ['text/html', html],
  ['text/markdown', markdown],
  ['text/latex', latex],
  ['image/svg+xml', svg],
  ['image/png', image],
  ['image/jpeg', image],
  ['image/webp', image],
  ['image/gif', image],
  ['application/json', (value) => ({ element: jsonTree(value, true) })],
  ['text/plain', plain],
];

const WIDGET = 'application/vnd.jupyter.widget-view+json';

export function renderBundle(data: MimeBundle, metadata: JsonObject, context: OutputContext): Rendered {
  const active = activePart(data);
  if (active !== undefined && !context.untrusted && context.prelude !== undefined) {
    return framed(active, context);
  }
  const rendered = renderInert(data, metadata, context);
  return active === undefined ? rendered : withTrustButton(rendered, context);
}

function renderInert(data: MimeBundle, metadata: JsonObject, context: OutputContext): Rendered {
  for (const [mime, render] of RENDERERS) {
    const value = data[mime];
    if (value === undefined) continue;
    const rendered = render(value, optionsFor(mime, metadata), context, mime, data);
    if (rendered !== undefined) return withNote(rendered, data, mime);
  }
  return { element: note(unknownTypes(data)) };
}

/** Metadata may stand beside all types or under the one that it is for. */
function optionsFor(mime: string, metadata: JsonObject): JsonObject {
  const own = metadata[mime];
  return typeof own === 'object' && own !== null && !Array.isArray(own) ? { ...metadata, ...own } : metadata;
}

/**
 * A picture that is fetched by the browser itself; undefined when the output is shown as something else, or when more has
 * to be known of it.
 *
 * @param address  of the picture with this type
 */
export function renderPicture(
  { mimes = [], metadata, heads = {} }: OutputReference,
  address: (mime: string) => string,
  context: OutputContext,
): { element: HTMLImageElement } | undefined {
  if (metadata === undefined || mimes.some(isScript)) return undefined;
  const shown = RENDERERS.find(([mime]) => mimes.includes(mime));
  const head = shown === undefined ? undefined : heads[shown[0]];
  if (shown?.[1] !== image || head === undefined) return undefined;
  const [mime] = shown;
  const element = img(address(mime), optionsFor(mime, metadata), context);
  setSize(element, mime, head);
  return { element };
}

/** An active output in a frame of its own; the frame's code comes with the first of them. */
function framed(part: ActivePart, context: OutputContext): Rendered {
  const element = document.createElement('div');
  let view: { dispose(): void } | undefined;
  let gone = false;
  Promise.all([import('./frame-view.js'), context.prelude?.() ?? []]).then(
    ([{ FrameView }, prelude]) => {
      if (gone) return;
      const title = `Interactive output of ${context.cellName}`;
      const frame = new FrameView({ part, prelude, title });
      view = frame;
      element.append(frame.element);
    },
    () => element.append(note('The server is away just now; run the cell again to see this output.')),
  );
  return {
    element,
    dispose: () => {
      gone = true;
      view?.dispose();
    },
  };
}

/** Says what is left out until the notebook is trusted, and lets the person do that. */
function withTrustButton(rendered: Rendered, { trust, untrusted }: OutputContext): Rendered {
  const element = document.createElement('div');
  const text = note(
    'Scripts of this output do not run: it was not made here, and the notebook is not trusted. ',
  );
  element.append(rendered.element, text);
  if (untrusted && trust !== undefined) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button';
    button.textContent = 'Trust this notebook…';
    button.addEventListener('click', trust);
    text.append(button);
  }
  return { ...rendered, element };
}

/** A widget beside its text: says that it is not shown. */
function withNote(rendered: Rendered, data: MimeBundle, shown: string): Rendered {
  if (shown !== 'text/plain' || data[WIDGET] === undefined) return rendered;
  const element = document.createElement('div');
  element.append(rendered.element, note('This output is a widget. Widgets are not shown in this version.'));
  return { ...rendered, element };
}

function unknownTypes(data: MimeBundle): string {
  const types = Object.keys(data);
  if (types.includes(WIDGET)) return 'This output is a widget. Widgets are not shown in this version.';
  if (types.some(isScript)) return 'This output is a script.';
  return types.length === 0
    ? 'This output is empty.'
    : `This output cannot be shown here (${types.join(', ')}).`;
}

export function note(text: string): HTMLElement {
  const element = document.createElement('p');
  element.className = 'output-note';
  element.textContent = text;
  return element;
}

function html(
  value: JsonValue,
  _metadata: JsonObject,
  context: OutputContext,
  _mime: string,
  data: MimeBundle,
): Rendered | undefined {
  if (typeof value !== 'string') return undefined;
  const options = { path: context.path, outsideImages: !context.untrusted };
  return withRich((rich) => rich.renderHtml(value, options), data);
}

function markdown(
  value: JsonValue,
  _metadata: JsonObject,
  context: OutputContext,
  _mime: string,
  data: MimeBundle,
): Rendered | undefined {
  if (typeof value !== 'string') return undefined;
  const options = { path: context.path, outsideImages: !context.untrusted };
  return withRich((rich) => rich.renderMarkdown(value, options), data);
}

function latex(
  value: JsonValue,
  _metadata: JsonObject,
  _context: OutputContext,
  _mime: string,
  data: MimeBundle,
): Rendered | undefined {
  return typeof value === 'string' ? withRich((rich) => rich.renderLatex(value), data) : undefined;
}

/** Renders at once when the chunk is there; else shows the plain text until it is, or when it cannot be loaded. */
function withRich(
  render: (rich: RichModule) => Rendered | undefined,
  data: MimeBundle,
): Rendered | undefined {
  const module = richModule();
  if (module !== undefined) return render(module);
  const element = document.createElement('div');
  const fallback = () => plain(data['text/plain'] ?? '')?.element ?? note(unknownTypes(data));
  let dispose: (() => void) | undefined;
  let gone = false;
  element.append(fallback());
  loadRich().then(
    (loaded) => {
      const rendered = gone ? undefined : render(loaded);
      if (rendered === undefined) return;
      dispose = rendered.dispose;
      element.replaceChildren(rendered.element);
    },
    () => undefined, // the plain text stays
  );
  return {
    element,
    dispose: () => {
      gone = true;
      dispose?.();
    },
  };
}

function plain(value: JsonValue): Rendered | undefined {
  if (typeof value !== 'string') return undefined;
  return { element: new TextView(value, 'beginning').element };
}

/** SVG as an image: its scripts cannot run and it can load nothing. */
function svg(value: JsonValue, metadata: JsonObject, context: OutputContext): Rendered | undefined {
  if (typeof value !== 'string') return undefined;
  const source = value.replace(/<svg(?![^>]*\sxmlns=)/, '<svg xmlns="http://www.w3.org/2000/svg"');
  const element = img(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`, metadata, context);
  return { element };
}

function image(
  value: JsonValue,
  metadata: JsonObject,
  context: OutputContext,
  mime: string,
): Rendered | undefined {
  if (typeof value !== 'string') return undefined;
  const element = img(`data:${mime};base64,${value.replace(/\s/g, '')}`, metadata, context);
  setSize(element, mime, value);
  return { element };
}

/** @param head  the beginning of the base64 text, or all of it */
function setSize(element: HTMLImageElement, mime: string, head: string): void {
  const size = imageSize(mime, head);
  if (size === undefined || element.hasAttribute('width') || element.hasAttribute('height')) return;
  element.width = size.width;
  element.height = size.height;
}

function img(src: string, metadata: JsonObject, context: OutputContext): HTMLImageElement {
  const element = document.createElement('img');
  element.className = metadata['unconfined'] === true ? 'output-image unconfined' : 'output-image';
  const { width, height, alt } = metadata;
  if (typeof width === 'number') element.width = width;
  if (typeof height === 'number') element.height = height;
  element.alt = typeof alt === 'string' ? alt : `Image output of ${context.cellName}`;
  element.decoding = 'async';
  element.src = src;
  return element;
}

/** The traceback, or name and value when there is none. */
export function errorText(ename: string, evalue: string, traceback: readonly string[]): string {
  return traceback.length > 0 ? traceback.join('\n') : `${ename}: ${evalue}`;
}
