/**
 * The notebook page's HTML in parts, so that nothing waits for what it does not need: a browser asks for style and script while the
 * notebook is being opened, and shows the text of the first cells while the document is made into a message for the script.
 */
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Response } from 'express';
import { escapeJson, renderPage, type PageContext } from './render-page.js';

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
  /** For the page's script: `ServerMessage`s as JSON texts. */
  messages(): readonly string[];
}

/**
 * Undefined: it cannot be opened, and the script is told the reason when it asks.
 *
 * @param onFirstCells  told what is seen at once, when that is known before the notebook is open
 */
export type OpenNotebook = (
  onFirstCells: (cells: OpenedNotebook['cells']) => void,
) => Promise<{ opening: OpenedNotebook } | undefined>;

/**
 * ms that the page waits for its document. One that takes longer is asked for by the script: another request, a websocket
 * and the snapshot on it, which take longer than most notebooks that are not open by now.
 */
const PATIENCE = 5_000;

/** @param html  the page, with `place` where the document goes; a template of the owner's own may have none */
export async function sendWithDocument(
  response: Response,
  html: string,
  place: string,
  open: OpenNotebook,
  context: Pick<PageContext, 'base_url' | 'nonce'>,
): Promise<void> {
  const at = html.indexOf(place);
  if (at === -1) {
    response.end(html);
    return;
  }
  response.write(html.slice(0, at));
  let isShown = false;
  const show = (cells: OpenedNotebook['cells']): void => {
    if (isShown) return;
    isShown = true;
    response.write(renderCells(cells, context));
  };
  const opened = await inTime(open(show));
  if (opened !== undefined) {
    const { id, cells, messages } = opened.opening;
    show(cells);
    // The text leaves, and somebody else may be served: the message of a large notebook takes a while.
    await othersTurn();
    const json = `{"id":${JSON.stringify(id)},"messages":[${messages().join(',')}]}`;
    response.write(
      `<script type="application/json" id="document" nonce="${context.nonce}">${escapeJson(json)}</script>`,
    );
  }
  isShown = true; // those that come now come too late
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

function renderCells(
  cells: OpenedNotebook['cells'],
  context: Pick<PageContext, 'base_url' | 'nonce'>,
): string {
  return renderPage('notebook-cells.html', {
    ...context,
    cells: cells.map(({ source, run, ...cell }) => ({
      ...cell,
      state: run?.state,
      prompt: run === undefined ? '' : `In [${run.state === 'idle' ? (run.count ?? ' ') : '*'}]:`,
      // The first line end in a `<pre>` does not count, and an empty last line would have no height.
      text: `\n${source}${source.endsWith('\n') ? '\n' : ''}`,
    })),
  });
}
