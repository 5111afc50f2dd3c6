/**
 * Reads the literal `c.Class.option = value` lines of an IPython or Jupyter configuration file. Nothing is executed:
 * what is not such a line is reported with its number, so that its owner can see to it.
 */
import { resolveName } from './names.js';
import { NotALiteral, parsePythonLiteral } from './python-literals.js';
import { describeOption } from './options.js';
import { checkValue } from './values.js';

export interface ImportedConfig {
  /** section → option → value, in the order of the file */
  sections: Record<string, Record<string, unknown>>;
  /** `line 7: …`, one for each line that was not taken, and for what its reader should check */
  notes: string[];
}

export function importPythonConfig(source: string): ImportedConfig {
  const sections: Record<string, Record<string, unknown>> = {};
  const notes: string[] = [];
  for (const { line, text } of statements(source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'))) {
    const reason = take(text, sections, (note) => notes.push(`line ${line}: ${note}`));
    if (reason !== undefined) notes.push(`line ${line}: ${firstLine(text)} – left out: ${reason}.`);
  }
  return { sections, notes };
}

/** @returns why the statement was not taken */
function take(
  text: string,
  sections: Record<string, Record<string, unknown>>,
  note: (text: string) => void,
): string | undefined {
  // What every such file begins with, and what sets nothing by itself.
  if (/^(c\s*=\s*get_config\(\)|get_config\(\)|(import|from)\s|(['"]).*\3$|pass$)/s.test(text))
    return undefined;
  const assignment = /^c\.(\w+)\.(\w+)\s*=(?!=)\s*/.exec(text);
  if (assignment === null) return 'only lines of the form c.Class.option = value are read';
  const [all, className = '', key = ''] = assignment;
  const written = `${className}.${key}`;
  let value: unknown;
  try {
    value = parsePythonLiteral(text.slice(all.length));
  } catch (error) {
    if (error instanceof NotALiteral) return `its value is ${error.message}, not a literal`;
    throw error;
  }
  const resolved = resolveName(written);
  switch (resolved.kind) {
    case 'unknown':
      return `nbserver has no such option${resolved.nearest === undefined ? '' : ` (the nearest is ${resolved.nearest})`}`;
    case 'no effect':
      return `it has no effect, ${resolved.why}`;
    case 'refused':
      return resolved.why;
    case 'option': {
      if (resolved.name === 'notebook_manager_class' && /^\w+(\.\w+)+$/.test(String(value)))
        return 'it names a Python class; nbserver takes a built-in name or a JavaScript module';
      try {
        checkValue(resolved.name, value, '/', '/');
      } catch (error) {
        return `${written} ${(error as Error).message}`;
      }
      if (describeOption(resolved.name).path && /^[^/~]/.test(String(value)) && value !== 'auto')
        note(`${written}: a relative path is meant from the directory of the new file.`);
      break;
    }
    case 'store':
      break;
  }
  sections[className] = { ...sections[className], [key]: value };
  return undefined;
}

interface Statement {
  /** of its first line, from 1 */
  line: number;
  text: string;
}

/** Joins lines inside brackets, after a backslash and within triple quotes; drops comments and empty lines. */
function statements(source: string): Statement[] {
  const found: Statement[] = [];
  const token =
    /'''[^]*?(?<!\\)'''|"""[^]*?(?<!\\)"""|'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"|#[^\n]*|\\\n|[()[\]{}]|\n|[^]/g;
  let line = 1;
  let depth = 0;
  let current: Statement = { line, text: '' };
  const finish = () => {
    if (current.text.trim() !== '') found.push({ line: current.line, text: current.text.trimEnd() });
    current = { line, text: '' };
  };
  for (const [part] of source.matchAll(token)) {
    line += part.split('\n').length - 1;
    if (part.startsWith('#')) continue;
    if (/^[([{]$/.test(part)) depth += 1;
    if (/^[)\]}]$/.test(part)) depth = Math.max(0, depth - 1);
    if (part === '\n' && depth === 0) finish();
    else current.text += part === '\\\n' ? ' ' : part;
  }
  finish();
  return found;
}

function firstLine(text: string): string {
  const [first = ''] = text.trim().split('\n');
  return first.length > 60 ? `${first.slice(0, 57)}…` : first;
}
