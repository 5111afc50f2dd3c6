// Compiles the JSON schemas of nbformat into plain functions, so that no schema compiler runs (or ships) with the server:
// `src/notebook/schemas/*.schema.json` → `src/notebook/schemas/validators.js`, which git ignores.
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './setup.mjs';

const folder = join(root, 'src', 'notebook', 'schemas');
const target = join(folder, 'validators.js');
const MINORS = [0, 1, 2, 3, 4, 5];
/** What is judged one by one, so that a message names the place: the notebook without its cells, a cell without its outputs. */
const PARTS = ['notebook', 'code', 'markdown', 'raw', 'execute_result', 'display_data', 'stream', 'error'];

/** Does nothing when the compiled file is newer than all it is made from. */
export async function compileNotebookSchemas() {
  const sources = [
    fileURLToPath(import.meta.url),
    ...readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(folder, name)),
  ];
  const newest = Math.max(...sources.map((path) => statSync(path).mtimeMs));
  if (existsSync(target) && statSync(target).mtimeMs > newest) return;

  const { Ajv } = await import('ajv');
  const { default: standaloneCode } = await import('ajv/dist/standalone/index.js');
  const { build } = await import('esbuild');
  // `strict` would refuse draft 4's spellings; `meta` its name.
  const ajv = new Ajv({
    meta: false,
    strict: false,
    validateSchema: false,
    inlineRefs: false,
    code: { esm: true, source: true, optimize: 2 },
  });
  /** content of a schema → name of its function: most parts are the same in many versions */
  const names = new Map();
  const nameOf = (schema) => {
    const text = JSON.stringify(schema);
    if (!names.has(text)) {
      names.set(text, `part${names.size}`);
      ajv.addSchema(schema, names.get(text));
    }
    return names.get(text);
  };
  const rows = MINORS.map((minor) => read(minor)).map((schema) => tableRow(schema, nameOf));
  // a later 4.x may have more fields, and is not wrong for that (nbformat does the same)
  rows.push(tableRow(relaxed(read(MINORS.at(-1))), nameOf));
  const code = `${standaloneCode(ajv, Object.fromEntries([...names.values()].map((name) => [name, name])))}
export const validators = [${rows.map((row) => `{${row.join(',')}}`).join(',')}];`;
  const bundled = await build({
    stdin: { contents: code, resolveDir: root, loader: 'js' },
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
    banner: {
      js: '// Made by scripts/notebook-schemas.mjs from the schemas of nbformat (LICENSE.nbformat). Not to be edited.',
    },
  });
  writeFileSync(target, bundled.outputFiles[0].text);
}

function read(minor) {
  const schema = JSON.parse(readFileSync(join(folder, `nbformat.v4.${minor}.schema.json`), 'utf8'));
  return withoutDescriptions(schema);
}

/** One version: the name of the function for each part. */
function tableRow(schema, nameOf) {
  const { definitions, ...notebook } = schema;
  const shared = { misc: definitions.misc, ...(definitions.cell_id && { cell_id: definitions.cell_id }) };
  const own = {
    notebook: { ...notebook, properties: { ...notebook.properties, cells: { type: 'array' } } },
    code: {
      ...definitions.code_cell,
      properties: { ...definitions.code_cell.properties, outputs: { type: 'array' } },
    },
    markdown: definitions.markdown_cell,
    raw: definitions.raw_cell,
  };
  return PARTS.map((part) => {
    const body = own[part] ?? definitions[part];
    return `${part}:${nameOf(part === 'notebook' ? body : { ...body, definitions: shared })}`;
  });
}

function withoutDescriptions(value) {
  if (Array.isArray(value)) return value.map(withoutDescriptions);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, part]) => key !== '$schema' && !(key === 'description' && typeof part === 'string'))
      .map(([key, part]) => [key, withoutDescriptions(part)]),
  );
}

function relaxed(value) {
  if (Array.isArray(value)) return value.map(relaxed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, key === 'additionalProperties' ? true : relaxed(part)]),
  );
}
