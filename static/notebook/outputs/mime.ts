/** What a MIME bundle is shown as: the richest type that this page can show, in the classic notebook's order. */
import type { JsonObject, JsonValue, MimeBundle } from '../../../src/notebook/types.js';
import { imageSize } from '../../../src/render/image-size.js';
import { loadRich, richModule } from '../rich/load-rich.js';
import { jsonTree } from './json-tree.js';
import { TextView } from './text-view.js';

export interface OutputContext {
  /** path of the notebook, for relative addresses */
  path: string;
  /** the output came from outside: nothing of other servers is loaded without a click */
  untrusted: boolean;
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

const ACTIVE = ['application/javascript', 'text/javascript', 'application/vnd.jupyter.widget-view+json'];

export function renderBundle(data: MimeBundle, metadata: JsonObject, context: OutputContext): Rendered {
  for (const [mime, render] of RENDERERS) {
    const value = data[mime];
    if (value === undefined) continue;
    const own = metadata[mime];
    const options =
      typeof own === 'object' && own !== null && !Array.isArray(own) ? { ...metadata, ...own } : metadata;
    const rendered = render(value, options, context, mime, data);
    if (rendered !== undefined) return withNote(rendered, data, mime);
  }
  return { element: note(unknownTypes(data)) };
}

/** A script beside its text: says that the script did not run. */
function withNote(rendered: Rendered, data: MimeBundle, shown: string): Rendered {
  if (shown !== 'text/plain' || !ACTIVE.some((mime) => data[mime] !== undefined)) return rendered;
  const element = document.createElement('div');
  element.append(
    rendered.element,
    note('This output is interactive. Scripts of outputs are not run in this version.'),
  );
  return { ...rendered, element };
}

function unknownTypes(data: MimeBundle): string {
  const types = Object.keys(data);
  if (types.some((mime) => ACTIVE.includes(mime))) {
    return 'This output is a script. Scripts of outputs are not run in this version.';
  }
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
  const size = imageSize(mime, value);
  if (size !== undefined && !element.hasAttribute('width') && !element.hasAttribute('height')) {
    element.width = size.width;
    element.height = size.height;
  }
  return { element };
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
