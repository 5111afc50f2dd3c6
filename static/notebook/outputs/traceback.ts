/** What an error printed. A long traceback can be folded to its last line, the name and the message of the error. */
import type { ErrorOutput } from '../../../src/notebook/types.js';
import { TextView } from './text-view.js';

/** A traceback of fewer lines is not in anybody's way. */
const SHORT = 4;

export function tracebackElement({ ename, evalue, traceback }: ErrorOutput): HTMLElement {
  const text = traceback.length > 0 ? traceback.join('\n') : `${ename}: ${evalue}`;
  const view = new TextView(text, 'end').element;
  if (text.split('\n', SHORT + 1).length <= SHORT) return view;
  const details = document.createElement('details');
  details.className = 'traceback';
  details.open = true;
  const summary = document.createElement('summary');
  const name = () => {
    summary.textContent = details.open ? 'Traceback' : (`${ename}: ${evalue}`.split('\n', 1)[0] ?? '');
  };
  name();
  details.addEventListener('toggle', name);
  details.append(summary, view);
  return details;
}
