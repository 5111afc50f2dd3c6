/** The form of a file's text that an editor does not show, so that a save changes nothing but what was typed. Pure. */

export interface TextForm {
  /** a byte order mark in front */
  mark: boolean;
  /** `\r\n` only when every line ends so; the `\r` of mixed files are characters like others */
  lineEnd: '\n' | '\r\n';
}

/** The text with `\n` between lines, and how it was. */
export function readForm(content: string): { text: string; form: TextForm } {
  const mark = content.startsWith('\ufeff');
  const bare = mark ? content.slice(1) : content;
  const isCrlf = bare.includes('\r\n') && !/(^|[^\r])\n|\r(?!\n)/.test(bare);
  return {
    text: isCrlf ? bare.replaceAll('\r\n', '\n') : bare,
    form: { mark, lineEnd: isCrlf ? '\r\n' : '\n' },
  };
}

export function writeForm(text: string, { mark, lineEnd }: TextForm): string {
  return (mark ? '\ufeff' : '') + (lineEnd === '\n' ? text : text.replaceAll('\n', lineEnd));
}
