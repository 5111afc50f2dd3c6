/**
 * A notebook as Jupyter's nbconvert gets it: without the names of files that it holds.
 *
 * nbconvert writes outputs and attachments to files and takes `metadata.filename` of an output and the name of an attachment
 * as they stand (ExtractOutputPreprocessor, ExtractAttachmentsPreprocessor): `../` and `/` lead to any file of the owner.
 */
import { isObject, type JsonObject, type JsonValue, type NotebookFile } from '../notebook/index.js';

/** JSON. It is written anew: what a name stands for must not depend on who reads a field that is there twice. */
export function forNbconvert(file: NotebookFile): Uint8Array {
  const names = file.layout.fields.map(({ name }) => name).filter((name) => name !== 'cells');
  const root = names.map((name) => [name, file.root(name)] as const);
  const cells = file.cells.map((cell, index) => withoutNames(cell.json(), index));
  return Buffer.from(JSON.stringify({ ...Object.fromEntries(root), cells }), 'utf8');
}

function withoutNames(cell: JsonObject, index: number): JsonObject {
  const { outputs, attachments } = cell;
  return {
    ...cell,
    ...(Array.isArray(outputs) ? { outputs: outputs.map(withoutFileName) } : {}),
    ...(isObject(attachments) ? renamed(cell, attachments, index) : {}),
  };
}

function withoutFileName(output: JsonValue): JsonValue {
  if (!isObject(output) || !isObject(output['metadata'])) return output;
  const { filename: _name, filenames: _names, ...metadata } = output['metadata'];
  return { ...output, metadata };
}

/** Attachments under names of ours, which no other cell has, and the text that refers to them. */
function renamed({ source }: JsonObject, attachments: JsonObject, index: number): JsonObject {
  const names = new Map(
    Object.keys(attachments).map((name, i) => [
      name,
      `attachment_${index}_${i}${/\.[A-Za-z0-9]{1,8}$/.exec(name)?.[0] ?? ''}`,
    ]),
  );
  const entries = Object.entries(attachments).map(([name, bundle]) => [names.get(name), bundle]);
  const text = typeof source === 'string' ? source : '';
  return {
    attachments: Object.fromEntries(entries) as JsonObject,
    source: withNames(text, names),
  };
}

/** Names as they are, and as an address writes them; they may hold brackets, so the text is looked through for them. */
function withNames(text: string, names: ReadonlyMap<string, string>): string {
  const forms = new Map(
    [...names].flatMap(([name, given]) => spellingsOf(name).map((form) => [form, given])),
  );
  if (forms.size === 0) return text;
  const longestFirst = [...forms.keys()].sort((a, b) => b.length - a.length);
  const any = longestFirst.map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
  return text.replace(new RegExp(`attachment:(${any})`, 'g'), (whole, form: string) => {
    const given = forms.get(form);
    return given === undefined ? whole : `attachment:${given}`;
  });
}

function spellingsOf(name: string): string[] {
  try {
    return [name, encodeURI(name), encodeURIComponent(name)];
  } catch {
    return [name]; // half a character, which no address can hold
  }
}
