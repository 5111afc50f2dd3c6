/** A cell that asks for help: `name?`, `?name`, and with two question marks for the source, as in IPython. */

export interface HelpQuery {
  expression: string;
  /** 1: with the source */
  detail: 0 | 1;
}

/** Longer than any name; a pattern need not walk through a whole cell. */
const longest = 200;
/** Names and members only: nothing that is JavaScript already ends or begins with a question mark. */
const query = /^(\?{1,2})?\s*([\p{ID_Start}$_][\p{ID_Continue}$.]*)\s*(\?{1,2})?\s*;?$/u;

export function helpQuery(code: string): HelpQuery | undefined {
  const text = code.trim();
  if (text.length > longest) return undefined;
  const [, before, expression, after] = query.exec(text) ?? [];
  const marks = before ?? after;
  if (expression === undefined || marks === undefined || (before && after)) return undefined;
  return { expression, detail: marks === '??' ? 1 : 0 };
}
