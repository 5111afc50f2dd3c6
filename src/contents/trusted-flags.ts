/** `metadata.trusted` of code cells as clients send it back with a save. Never read from a file. */
import { isObject, type JsonObject } from '../notebook/index.js';

/** Fields of a result or display that cannot do anything (nbformat, `NotebookNotary._check_cell`). */
const SAFE_FIELDS = ['output_type', 'execution_count', 'metadata'];

/** The cell is marked as trusted, is no code, or has only outputs that cannot do anything: streams and errors. */
export function isTrustedByClient(cell: JsonObject): boolean {
  if (cell['cell_type'] !== 'code') return true;
  if (isObject(cell['metadata']) && cell['metadata']['trusted'] === true) return true;
  const outputs = Array.isArray(cell['outputs']) ? cell['outputs'] : [];
  return outputs.every((output) => {
    if (!isObject(output)) return false;
    if (output['output_type'] === 'stream' || output['output_type'] === 'error') return true;
    return Object.keys(output).every((name) => SAFE_FIELDS.includes(name));
  });
}
