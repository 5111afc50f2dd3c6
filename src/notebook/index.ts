/** What a notebook is: reading, writing, validating and changing it. Pure: server and page both use it. */
export * from './types.js';
export { FileCell, NotebookError, NotebookFile, readNotebook, readNotebookInSteps } from './notebook-file.js';
export { contentValue, notebookContent, notebookProblem } from './notebook-content.js';
export { contentFrame, contentPieces } from './content-bytes.js';
export { CONTENT_SHAPE, SentContent, saveContent, saveInSteps, sentOutlines } from './save-content.js';
export { outlineOf, scanCell, type ScannedCell } from './cell-scan.js';
export { finish } from './json-scanner.js';
export { cutOutputs, HEAD_LENGTH, MOST_METADATA, OutputPiece } from './output-pieces.js';
export { ChangedCell, writeNotebook, writeNotebookInSteps, type NotebookChanges } from './write-notebook.js';
export { mergeConflictSentence } from './merge-conflict.js';
export { newNotebook, type NotebookKernel } from './new-notebook.js';
export { isObject } from './cell-format.js';
export { isCellId, newCellId } from './cell-id.js';
