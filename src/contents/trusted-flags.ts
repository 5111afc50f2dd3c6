/** `metadata.trusted` of code cells: what the API tells clients, and what they tell back. Never read from a file. */
import { isObject, type JsonObject } from '../notebook/index.js';

/** Marks every code cell of a content that was just made. */
export function markTrusted(content: JsonObject): void {
  for (const cell of Array.isArray(content['cells']) ? content['cells'] : []) {
    if (isObject(cell) && isObject(cell['metadata']) && cell['cell_type'] === 'code') {
      cell['metadata']['trusted'] = true;
    }
  }
}

/** Every code cell is marked as trusted, or has only outputs that cannot do anything: streams and errors. */
export function isTrustedByClient(content: unknown): boolean {
  const cells = isObject(content) && Array.isArray(content['cells']) ? content['cells'] : [];
  return cells.every((cell) => {
    if (!isObject(cell) || cell['cell_type'] !== 'code') return true;
    if (isObject(cell['metadata']) && cell['metadata']['trusted'] === true) return true;
    const outputs = Array.isArray(cell['outputs']) ? cell['outputs'] : [];
    return outputs.every(
      (output) =>
        isObject(output) && (output['output_type'] === 'stream' || output['output_type'] === 'error'),
    );
  });
}
