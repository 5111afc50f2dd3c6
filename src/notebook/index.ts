/** What a notebook is: reading, writing, validating and changing it. Pure: server and page both use it. */
export * from './types.js';
export { FileCell, NotebookError, NotebookFile, readNotebook } from './notebook-file.js';
export {
  contentAround,
  contentCell,
  notebookContent,
  notebookProblem,
  saveContent,
} from './notebook-content.js';
export { ChangedCell, writeNotebook, type NotebookChanges } from './write-notebook.js';
export { newNotebook, type NotebookKernel } from './new-notebook.js';
export { isObject } from './cell-format.js';
export { isCellId, newCellId } from './cell-id.js';
