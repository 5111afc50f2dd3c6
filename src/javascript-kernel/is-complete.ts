/** Answers `is_complete_request`: may Enter run this code, or does it need another line? */
import { helpQuery } from './help-query.js';
import { CellSyntaxError, parseCell } from './prepare-cell.js';

export interface IsCompleteReply {
  status: 'complete' | 'incomplete' | 'invalid';
  /** spaces for the next line, when incomplete */
  indent: string;
}

export function isComplete(code: string): IsCompleteReply {
  if (helpQuery(code)) return { status: 'complete', indent: '' };
  try {
    parseCell(code);
    return { status: 'complete', indent: '' };
  } catch (error) {
    if (!(error instanceof CellSyntaxError)) throw error;
    if (!error.incomplete) return { status: 'invalid', indent: '' };
    const last = code.trimEnd().split('\n').at(-1) ?? '';
    const current = /^\s*/.exec(last)?.[0] ?? '';
    return { status: 'incomplete', indent: /[{([]$/.test(last) ? `${current}  ` : current };
  }
}
