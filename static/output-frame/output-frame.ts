/**
 * Runs inside the sandboxed frame of one output (`/frame/output`): an origin of its own, without cookies, storage or the
 * page around it. It waits for the page's port, draws the output, and tells how tall it is.
 */
import type { FromFrame, ToFrame } from './frame-messages.js';
import { provideJupyter } from './jupyter.js';

type Part = { kind: 'html' | 'javascript'; source: string };

addEventListener('message', (event: MessageEvent<unknown>) => {
  const [port] = event.ports;
  if (event.source !== parent || event.data !== 'nbserver-output' || port === undefined) return;
  connect(port);
});

function connect(port: MessagePort): void {
  const send = (message: FromFrame) => port.postMessage(message);
  addEventListener('error', (event) => send({ type: 'error', message: event.message }));
  addEventListener('unhandledrejection', (event) => send({ type: 'error', message: String(event.reason) }));
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) send({ type: 'escape' });
  });
  const root = document.createElement('div');
  root.id = 'output';
  document.body.append(root);
  new ResizeObserver(() => send({ type: 'size', height: document.documentElement.offsetHeight })).observe(
    document.documentElement,
  );
  const heard = provideJupyter(send);
  port.onmessage = ({ data }: MessageEvent<ToFrame>) => {
    if ('theme' in data) document.documentElement.dataset['theme'] = data.theme;
    if (data.type === 'render') void render(root, data);
    else heard(data);
  };
}

async function render(
  root: HTMLElement,
  { kind, source, prelude }: ToFrame & { type: 'render' },
): Promise<void> {
  const hidden = document.createElement('div');
  hidden.hidden = true;
  document.body.append(hidden);
  for (const part of prelude) await run(hidden, part);
  await run(root, { kind, source });
}

async function run(place: HTMLElement, { kind, source }: Part): Promise<void> {
  if (kind === 'javascript') return runScript(place, source);
  const content = document.createElement('div');
  content.innerHTML = source;
  place.append(content);
  // Scripts that come by innerHTML do not run; copies of them do, one after the other as in a document.
  for (const old of content.querySelectorAll('script')) {
    if (!isJavaScript(old.type)) continue;
    const script = document.createElement('script');
    for (const { name, value } of old.attributes) script.setAttribute(name, value);
    script.textContent = old.textContent;
    if (!old.hasAttribute('src') || old.hasAttribute('async')) {
      old.replaceWith(script);
      continue;
    }
    script.async = false;
    const loaded = new Promise<void>((resolve) => {
      script.addEventListener('load', () => resolve());
      script.addEventListener('error', () => {
        reportError(new Error(`The script ${script.src} could not be loaded.`));
        resolve();
      });
    });
    old.replaceWith(script);
    await loaded;
  }
}

/** A script that finds `element`, as the classic notebook's outputs do. */
function runScript(place: HTMLElement, source: string): void {
  const script = document.createElement('script');
  const name = `nbElement${document.scripts.length}`;
  Object.assign(globalThis, { [name]: likeJQuery(place) });
  script.textContent = `(function (element) {\n${source}\n})(globalThis.${name})`;
  document.head.append(script);
}

function isJavaScript(type: string): boolean {
  return type === '' || type === 'module' || /^(?:text|application)\/(?:x-)?(?:java|ecma)script$/i.test(type);
}

/** The classic notebook gave scripts `element` as a jQuery object; this has what outputs use of it. */
function likeJQuery(node: HTMLElement): HTMLElement {
  const add = (content: unknown) => {
    if (typeof content === 'string') node.insertAdjacentHTML('beforeend', content);
    else if (content instanceof Node) node.appendChild(content);
    return node;
  };
  return Object.assign(node, {
    0: node,
    length: 1,
    get: () => node,
    append: add,
    html: (content: string) => {
      node.replaceChildren();
      return add(content);
    },
    text: (content: string) => {
      node.textContent = content;
      return node;
    },
    empty: () => {
      node.replaceChildren();
      return node;
    },
  });
}
