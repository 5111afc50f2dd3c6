/** The formats that a notebook is converted to without Python, and Jupyter's own where they are installed. */
import { HttpError } from '../http-error.js';
import type { NotebookFile } from '../notebook/index.js';
import { forNbconvert } from './for-nbconvert.js';
import { loadHtmlParts } from './load-parts.js';
import { pagePolicy, toHtml } from './html.js';
import { NBCONVERT_FORMATS, type JupyterNbconvert } from './jupyter-nbconvert.js';
import { toMarkdown } from './markdown.js';
import { languagesOf, viewOf } from './notebook-view.js';
import { toScript } from './script.js';

export interface Exported {
  mimetype: string;
  /** with its dot */
  extension: string;
  body: Uint8Array;
  /** files that belong to it, by relative path */
  resources: ReadonlyMap<string, Uint8Array>;
  /** of the answer that carries it */
  policy: string;
}

/** Format → type of what it gives. */
const OWN: Readonly<Record<string, string>> = {
  html: 'text/html',
  markdown: 'text/markdown',
  notebook: 'application/json',
  pdf: 'text/html',
  script: 'text/x-python',
};

const NO_RESOURCES: ReadonlyMap<string, Uint8Array> = new Map();
/** Text that no browser interprets. */
const INERT = "default-src 'none'; sandbox";
const PDF_NOTICE = 'To get a PDF, print this page (Ctrl+P, or ⌘P) and choose “Save as PDF”.';

export async function formats(nbconvert: JupyterNbconvert): Promise<Record<string, string>> {
  return (await nbconvert.find()) === undefined ? OWN : { ...NBCONVERT_FORMATS, ...OWN };
}

/**
 * @param name  of the notebook's file
 * @throws HttpError 404 when there is no such format
 */
export async function exportNotebook(
  file: NotebookFile,
  { name, format, isTrusted }: { name: string; format: string; isTrusted: boolean },
  nbconvert: JupyterNbconvert,
): Promise<Exported> {
  const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');
  const plain = { resources: NO_RESOURCES, policy: INERT };
  switch (format) {
    case 'notebook':
      return { ...plain, mimetype: 'application/x-ipynb+json', extension: '.ipynb', body: file.toBytes() };
    case 'script': {
      const view = viewOf(file, name, isTrusted);
      const { mimetype, extension } = view.language;
      return { ...plain, mimetype, extension, body: text(toScript(view)) };
    }
    case 'markdown': {
      const { text: markdown, resources } = toMarkdown(viewOf(file, name, isTrusted));
      return { ...plain, mimetype: 'text/markdown', extension: '.md', body: text(markdown), resources };
    }
    case 'html':
    case 'pdf': {
      const view = viewOf(file, name, isTrusted);
      const parts = await loadHtmlParts(languagesOf(view));
      const html = toHtml(view, format === 'pdf' ? { ...parts, notice: PDF_NOTICE } : parts);
      return {
        ...plain,
        mimetype: 'text/html',
        extension: '.html',
        body: text(html),
        // Links may open a tab of their own; scripts, forms and the origin of the server are out of reach.
        policy: `${pagePolicy(isTrusted)}; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox`,
      };
    }
    default:
      return byJupyter(file, format, isTrusted, nbconvert);
  }
}

async function byJupyter(
  file: NotebookFile,
  format: string,
  isTrusted: boolean,
  nbconvert: JupyterNbconvert,
): Promise<Exported> {
  const mimetype = Object.hasOwn(NBCONVERT_FORMATS, format) ? NBCONVERT_FORMATS[format] : undefined;
  if (mimetype === undefined) throw new HttpError(404, `No exporter for format: ${format.slice(0, 60)}`);
  if ((await nbconvert.find()) === undefined) {
    throw new HttpError(
      404,
      `No exporter for format: ${format}. It needs Jupyter's nbconvert, which is not installed (Debian: jupyter-nbconvert).`,
    );
  }
  const files = [...(await nbconvert.convert(forNbconvert(file), format))];
  const [first] = files;
  if (first === undefined) throw new HttpError(500, 'nbconvert failed: it made no file');
  const [path, body] = first;
  return {
    mimetype,
    extension: /\.[^./]+$/.exec(path)?.[0] ?? '',
    body,
    resources: new Map(files.slice(1)),
    // slides are nothing without their scripts, which only trusted notebooks may run; the sandbox keeps them away from the server
    policy: format === 'slides' && isTrusted ? 'sandbox allow-scripts' : 'sandbox',
  };
}
