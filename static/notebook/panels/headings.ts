/** The headings of a notebook's markdown, from the source: what a table of contents lists. Pure. */

export interface Heading {
  level: number;
  /** without the marks of markdown */
  text: string;
  /** which heading of its cell this is, from 0 */
  index: number;
}

/** `#` headings and those underlined by `===` or `---`, outside of code fences. */
export function headingsOf(markdown: string): Heading[] {
  const found: Heading[] = [];
  let fence: string | undefined;
  let previous = '';
  for (const line of markdown.split('\n')) {
    const mark = /^ {0,3}(```+|~~~+)/.exec(line)?.[1];
    if (fence !== undefined) {
      if (mark !== undefined && mark.startsWith(fence)) fence = undefined;
      continue;
    }
    if (mark !== undefined) {
      fence = mark;
      previous = '';
      continue;
    }
    const atx = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/.exec(line);
    const underline = /^ {0,3}(=+|-+)[ \t]*$/.exec(line)?.[1];
    if (atx !== null) {
      add((atx[1] ?? '').length, atx[2] ?? '');
      previous = '';
    } else if (underline !== undefined && /^ {0,3}[^\s>*+|-]/.test(previous)) {
      add(underline.startsWith('=') ? 1 : 2, previous.trim());
      previous = '';
    } else {
      previous = line;
    }
  }
  return found;

  function add(level: number, source: string): void {
    const text = plainText(source);
    if (text !== '') found.push({ level, text, index: found.length });
    else found.push({ level, text: '(empty heading)', index: found.length });
  }
}

function plainText(source: string): string {
  return source
    .replace(/!\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]+>/g, '')
    .replace(/(\*\*|__|~~|`)(.+?)\1/g, '$2')
    .replace(/(^|\W)[*_]([^*_]+)[*_](?=\W|$)/g, '$1$2')
    .replace(/\\([\\`*_{}[\]()#+.!-])/g, '$1')
    .trim();
}
