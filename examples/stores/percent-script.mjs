/**
 * Notebooks as Python scripts in the percent format, which editors and `git diff` read well: `# %%` begins a cell. What a
 * script has no place for (outputs, attachments) goes into a second text, so that both together are the whole notebook.
 */

/** @returns the script, and the rest as JSON; '' when there is none */
export function toScript(notebook) {
  const { cells, ...frame } = notebook;
  const rest = {};
  const blocks = cells.map((cell, index) => {
    const { cell_type, source, id, metadata = {}, ...more } = cell;
    if (Object.keys(more).length > 0) rest[id ?? index] = more;
    const kind = cell_type === 'code' ? [] : [`[${cell_type}]`];
    const about = { ...(id === undefined ? {} : { id }), ...(Object.keys(metadata).length > 0 ? { metadata } : {}) };
    const head = ['# %%', ...kind, ...(Object.keys(about).length > 0 ? [JSON.stringify(about)] : [])].join(' ');
    const lines = text(source).split('\n');
    // A comment keeps the spaces at its end: Markdown breaks lines by them.
    const body = lines.map((line) => escaped(cell_type === 'code' ? line : line === '' ? '#' : `# ${line}`));
    return `${head}\n${body.join('\n')}\n`;
  });
  const script = [`# nbserver: ${JSON.stringify(frame)}\n`, ...blocks].join('\n');
  return { script, rest: Object.keys(rest).length > 0 ? JSON.stringify(rest) : '' };
}

/** Also of a script that somebody wrote by hand: without `# %%` it is one cell of code. */
export function fromScript(script, rest) {
  const more = rest === '' ? {} : JSON.parse(rest);
  const lines = script.replace(/\n$/, '').split('\n');
  const frame = /^# nbserver: (\{.*\})$/.exec(lines[0] ?? '')?.[1];
  if (frame !== undefined) lines.splice(0, lines[1] === '' ? 2 : 1);
  const cells = [];
  for (const line of lines) {
    const head = /^# %%(?: \[(markdown|raw)\])?(?: (\{.*\}))?.*$/.exec(line);
    if (head !== null) cells.push({ cell_type: head[1] ?? 'code', ...JSON.parse(head[2] ?? '{}'), lines: [] });
    else {
      if (cells.length === 0) cells.push({ cell_type: 'code', lines: [] });
      cells.at(-1).lines.push(line);
    }
  }
  return {
    cells: cells.map(({ lines: body, cell_type, id, metadata = {} }, index) => {
      // the empty line between two cells
      if (index < cells.length - 1 && body.at(-1) === '') body.pop();
      const plain = body.map(unescaped);
      const source = (cell_type === 'code' ? plain : plain.map((line) => line.replace(/^# ?/, ''))).join('\n');
      const code = cell_type === 'code' ? { execution_count: null, outputs: [] } : {};
      return { cell_type, ...(id === undefined ? {} : { id }), metadata, source, ...code, ...more[id ?? index] };
    }),
    ...(frame === undefined ? { metadata: {}, nbformat: 4, nbformat_minor: 4 } : JSON.parse(frame)),
  };
}

const text = (source) => (Array.isArray(source) ? source.join('') : source);
/** A line that looks like the beginning of a cell. */
const escaped = (line) => (/^(# )+%%/.test(line) ? `# ${line}` : line);
const unescaped = (line) => (/^(# ){2,}%%/.test(line) ? line.slice(2) : line);
