/** The bytes of a new notebook, as Jupyter makes one: format 4.5, no cells. */
import { JUPYTER_STYLE, writeJson, type WritableObject } from './json-writer.js';
import type { JsonObject } from './types.js';

/** What a new notebook remembers of its kernel. */
export interface NotebookKernel {
  name: string;
  display_name: string;
  language: string;
}

/** @returns UTF-8 with a line end behind it */
export function newNotebook(kernel?: NotebookKernel): Uint8Array {
  const metadata: JsonObject = {};
  if (kernel !== undefined) {
    metadata['kernelspec'] = { ...kernel };
    metadata['language_info'] = { name: kernel.language };
  }
  return serializeNotebook({ cells: [], metadata, nbformat: 4, nbformat_minor: 5 });
}

export function blankNotebook(): Uint8Array {
  return newNotebook();
}

/** A whole notebook object as Jupyter writes it: sorted keys, one space a level, a line end behind. */
export function serializeNotebook(notebook: WritableObject): Uint8Array {
  const json = writeJson(notebook, JUPYTER_STYLE);
  const bytes = new Uint8Array(json.length + 1);
  bytes.set(json);
  bytes[json.length] = 0x0a;
  return bytes;
}
