/**
 * The notebook page's HTML in two parts, so that a browser asks for style and script while the notebook is being opened: the
 * second part brings the document along, and the text of its first cells is seen before any script has run.
 */
import type { Response } from 'express';
import { renderPage, type PageContext } from './render-page.js';

/** A notebook that is open. */
export interface OpenedNotebook {
  id: string;
  /** what is seen at once */
  cells: readonly {
    id: string;
    type: string;
    source: string;
    /** code cells only */
    run: { state: string; count: number | null } | undefined;
  }[];
  /** for the page's script: `ServerMessage`s as JSON texts */
  messages: readonly string[];
}

/** ms that the page waits for its document; one that takes longer is asked for by the script, which says so meanwhile */
const PATIENCE = 1_000;

/**
 * @param html      the page, with `place` where the document goes; a template of the owner's own may have none
 * @param document  undefined: it cannot be opened, and the script is told the reason when it asks
 */
export async function sendWithDocument(
  response: Response,
  html: string,
  place: string,
  document: Promise<{ opening: OpenedNotebook } | undefined>,
  context: Pick<PageContext, 'base_url' | 'nonce'>,
): Promise<void> {
  const at = html.indexOf(place);
  if (at === -1) {
    response.end(html);
    return;
  }
  response.write(html.slice(0, at));
  const opened = await inTime(document);
  if (opened !== undefined) response.write(renderDocument(opened.opening, context));
  response.end(html.slice(at + place.length));
}

async function inTime<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function renderDocument(
  { id, cells, messages }: OpenedNotebook,
  context: Pick<PageContext, 'base_url' | 'nonce'>,
): string {
  return renderPage('notebook-document.html', {
    ...context,
    cells: cells.map(({ source, run, ...cell }) => ({
      ...cell,
      state: run?.state,
      prompt: run === undefined ? '' : `In [${run.state === 'idle' ? (run.count ?? ' ') : '*'}]:`,
      // The first line end in a `<pre>` does not count, and an empty last line would have no height.
      text: `\n${source}${source.endsWith('\n') ? '\n' : ''}`,
    })),
    json: `{"id":${JSON.stringify(id)},"messages":[${messages.join(',')}]}`,
  });
}
