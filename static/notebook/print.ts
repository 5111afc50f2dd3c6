/**
 * File ▸ Print…: draws every cell and waits for what comes over the network, so that nothing is missing on paper. The
 * browser's own Ctrl-P waits for nobody; there the cells are drawn at least (page-events.ts).
 */
import { notify } from '../base/notify.js';
import { mapInSlices, nextTask } from '../base/slices.js';
import type { NotebookContext } from './notebook-context.js';
import { formulasSet } from './outputs/math.js';
import { loadRich } from './rich/load-rich.js';
import { allDone } from './soon.js';

/** Milliseconds that outputs, pictures and fonts are waited for */
const PATIENCE = 60_000;
const LOOK_AGAIN = 50;

export async function printNotebook(notebook: NotebookContext): Promise<void> {
  const notice = notify('The cells are being drawn for the printer …', { seconds: 0, key: 'print' });
  const end = performance.now() + PATIENCE;
  try {
    await mapInSlices(notebook.view.ids, (id) => notebook.list.fill(id), 1);
    const late = await whatIsLate(end);
    if (late !== undefined) {
      notify(`${late} did not arrive within a minute, and is missing on the paper.`, { kind: 'warning' });
    }
  } finally {
    notice.close();
  }
  window.print();
}

/** Waits until everything is there, or `end`. @returns what is not */
async function whatIsLate(end: number): Promise<string | undefined> {
  const before = async (work: Promise<unknown>): Promise<boolean> => {
    const done = work.then(
      () => true,
      () => true, // it says so in its place; there is nothing to wait for
    );
    return Promise.race([done, pause(end - performance.now()).then(() => false)]);
  };
  if (!(await before(loadRich().then(allDone)))) return 'The code that draws text';
  for (;;) {
    await drawLarge(); // what was fetched may be large
    if (document.querySelector('#cells .output-waiting') === null) break;
    if (performance.now() > end) return 'An output';
    await pause(LOOK_AGAIN);
  }
  if (!(await before(formulasSet().then(fonts)))) return 'The code or a font of formulas';
  const pictures = [...document.querySelectorAll<HTMLImageElement>('#cells img')].map(decoded);
  return (await before(Promise.all(pictures))) ? undefined : 'A picture';
}

/** Draws what a click would: on paper nobody can ask for it. */
async function drawLarge(): Promise<void> {
  for (const button of document.querySelectorAll<HTMLElement>('#cells .output-large')) {
    button.click();
    await nextTask();
  }
}

/** Fonts of cells that the browser has not laid out yet have not been asked for. */
async function fonts(): Promise<void> {
  if (document.querySelector('#cells .katex') === null) return;
  await Promise.allSettled([...document.fonts].map((font) => font.load()));
}

function decoded(picture: HTMLImageElement): Promise<void> {
  picture.loading = 'eager';
  return picture.decode().catch(() => undefined); // a broken picture is broken on paper, too
}

function pause(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, time)));
}
