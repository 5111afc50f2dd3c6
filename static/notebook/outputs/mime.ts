/** The MIME types that the page shows, and what stands around them: frames, trust, notes. */
import type { JsonObject, JsonValue, MimeBundle, OutputReference } from '../../../src/notebook/types.js';
import { imageSize } from '../../../src/render/image-size.js';
import { soon } from '../soon.js';
import { loadRich } from '../rich/load-rich.js';
import { activePart, isScript, mayBeActive, type ActivePart } from './active.js';
import { jsonTree } from './json-tree.js';
import { isForRequest, onRequest } from './on-request.js';
import {
  addMimeTypes,
  builtIn,
  onDemand,
  shownAs,
  type MimeType,
  type OutputContext,
  type OutputData,
  type Rendered,
  type Renderer,
} from './registry.js';
import { TextView } from './text-view.js';

addMimeTypes(
  onDemand(
    'text/html',
    100,
    rich((module, value, { context }) => module.renderHtml(value, sanitizing(context))),
  ),
  onDemand(
    'text/markdown',
    90,
    rich((module, value, { context }) => module.renderMarkdown(value, sanitizing(context))),
  ),
  onDemand(
    'text/latex',
    80,
    rich((module, value) => module.renderLatex(value)),
  ),
  builtIn('image/svg+xml', 70, svg),
  builtIn('image/png', 60, image),
  builtIn('image/jpeg', 59, image),
  builtIn('image/webp', 58, image),
  builtIn('image/gif', 57, image),
  onDemand('video/', 40, () => import('./media.js').then(({ renderMedia }) => renderMedia)),
  onDemand('audio/', 39, () => import('./media.js').then(({ renderMedia }) => renderMedia)),
  builtIn('application/json', 20, ({ value }) => ({ element: jsonTree(value, true) })),
  builtIn('text/plain', 0, ({ value }) => plain(value)),
);

type RichModule = Awaited<ReturnType<typeof loadRich>>;

/** A type that comes with the chunk of HTML and markdown. */
function rich(
  render: (module: RichModule, value: string, output: OutputData) => Rendered | undefined,
): () => Promise<Renderer> {
  return async () => {
    const module = await loadRich();
    return (output) => (typeof output.value === 'string' ? render(module, output.value, output) : undefined);
  };
}

function sanitizing({ path, untrusted }: OutputContext) {
  return { path, outsideImages: !untrusted };
}

/** Who prints waits for what has this class. */
const WAITING = 'output-waiting';
const WIDGET = 'application/vnd.jupyter.widget-view+json';

export function renderBundle(data: MimeBundle, metadata: JsonObject, context: OutputContext): Rendered {
  const active = asksForInert(data, context.preferred) ? undefined : activePart(data);
  if (active !== undefined && !context.untrusted && context.prelude !== undefined) {
    return framed(active, context);
  }
  const rendered = renderInert(data, metadata, context);
  return active === undefined ? rendered : withTrustButton(rendered, context);
}

/** The person wants to see a form of it that runs nothing. */
function asksForInert(data: MimeBundle, preferred: string | undefined): boolean {
  return preferred !== undefined && data[preferred] !== undefined && !mayBeActive([preferred]);
}

function renderInert(data: MimeBundle, metadata: JsonObject, context: OutputContext): Rendered {
  for (const { type, mime } of shownAs(Object.keys(data), context.preferred)) {
    const value = data[mime];
    if (value === undefined) continue;
    const output = { value, mime, metadata: optionsFor(mime, metadata), data, context };
    const draw = () => {
      const render = type.ready();
      return render === undefined ? whenLoaded(type, output) : render(output);
    };
    const rendered = isForRequest(mime, value)
      ? onRequest(value.length, plain(data['text/plain'] ?? null)?.element, () => draw() ?? plainOrNote(data))
      : draw();
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
  const [shown] = shownAs(mimes, context.preferred);
  const head = shown === undefined ? undefined : heads[shown.mime];
  if (shown?.type.ready() !== image || head === undefined) return undefined;
  const element = img(address(shown.mime), optionsFor(shown.mime, metadata), context);
  setSize(element, shown.mime, head);
  return { element };
}

/** Shows the plain text until the type's renderer is there, or when it cannot be loaded or show this. */
function whenLoaded(type: MimeType, output: OutputData): Rendered {
  const element = document.createElement('div');
  element.className = WAITING;
  element.append(plainOrNote(output.data).element);
  let dispose: (() => void) | undefined;
  let gone = false;
  const show = (render: Renderer): void => {
    try {
      const rendered = gone ? undefined : render(output);
      if (rendered === undefined) return;
      dispose = rendered.dispose;
      element.replaceChildren(rendered.element);
    } finally {
      element.classList.remove(WAITING);
    }
  };
  type.load?.().then(
    // all that wait for it learn of it in one task
    (render) => soon(() => show(render)),
    () => element.classList.remove(WAITING), // the plain text stays
  );
  return {
    element,
    dispose: () => {
      gone = true;
      dispose?.();
    },
  };
}

function plainOrNote(data: MimeBundle): Rendered {
  return plain(data['text/plain'] ?? '') ?? { element: note(unknownTypes(data)) };
}

/** An active output in a frame of its own; the frame's code comes with the first of them. */
function framed(part: ActivePart, context: OutputContext): Rendered {
  const element = document.createElement('div');
  element.className = WAITING;
  const arrived = () => element.classList.remove(WAITING);
  let view: { dispose(): void } | undefined;
  let gone = false;
  Promise.all([import('./frame-view.js'), context.prelude?.() ?? []]).then(
    ([{ FrameView }, prelude]) => {
      if (gone) return;
      const { cellName, kernel } = context;
      const frame = new FrameView({ part, prelude, cellName, kernel, arrived });
      view = frame;
      element.append(frame.element);
    },
    () => {
      arrived();
      element.append(note('The server is away just now; run the cell again to see this output.'));
    },
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

function plain(value: JsonValue): Rendered | undefined {
  if (typeof value !== 'string') return undefined;
  return { element: new TextView(value, 'beginning').element };
}

/** SVG as an image: its scripts cannot run and it can load nothing. */
function svg({ value, metadata, context }: OutputData): Rendered | undefined {
  if (typeof value !== 'string') return undefined;
  const source = value.replace(/<svg(?![^>]*\sxmlns=)/, '<svg xmlns="http://www.w3.org/2000/svg"');
  const element = img(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`, metadata, context);
  return { element };
}

function image({ value, metadata, context, mime }: OutputData): Rendered | undefined {
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
  element.fetchPriority = 'low'; // behind the page's own parts
  element.className = metadata['unconfined'] === true ? 'output-image unconfined' : 'output-image';
  const { width, height, alt } = metadata;
  if (typeof width === 'number') element.width = width;
  if (typeof height === 'number') element.height = height;
  element.alt = typeof alt === 'string' ? alt : `Image output of ${context.cellName}`;
  element.decoding = 'async';
  element.src = src;
  return element;
}
