/**
 * The notebook as one JSON object, the way the contents API sends it (`content` of a model of type notebook): strings
 * joined, every code cell with `metadata.trusted`, cell ids from format 4.5 on.
 */
import { isObject } from './cell-format.js';
import { contentPieces } from './content-bytes.js';
import { JsonError } from './json-scanner.js';
import { parsePlain } from './json-values.js';
import { JsonDepthError, concatBytes } from './json-writer.js';
import { NotebookError, type NotebookFile } from './notebook-file.js';
import type { JsonObject } from './types.js';

/** @param trusted what the reader of the notebook is told about all of its code cells */
export function notebookContent(file: NotebookFile, trusted: boolean): JsonObject {
  return contentValue([...contentPieces(file, { isTrusted: () => trusted })]);
}

/** The content whose text was made by `contentPieces`. */
export function contentValue(pieces: readonly Uint8Array[]): JsonObject {
  const value = parsePlain(concatBytes(pieces));
  return isObject(value) ? value : {};
}

/** The text of an error that reading or saving a notebook can give; undefined for any other error. */
export function notebookProblem(error: unknown): string | undefined {
  const known =
    error instanceof NotebookError || error instanceof JsonError || error instanceof JsonDepthError;
  return known ? error.message : undefined;
}
