/** Notebooks and files: the contract of a store, the built-in ones, and the contents API on top of any. */
export * from './notebook-manager.js';
export { Contents, type ContentsOptions } from './contents.js';
export type { GetOptions } from './model-reader.js';
export type { OpenDocument, OpenDocuments } from './open-documents.js';
export { NotebookTrust, type TrustOptions } from './trust/notebook-trust.js';
export { keepBeside, keepOldFormat } from './keep-beside.js';
export { NotebookContent } from './notebook-content.js';
export { contentsRouter } from './router.js';
export { loadSaveHooks, type PostSaveHook, type PreSaveHook, type SaveHooks } from './save-hooks.js';
export { readJsonBody, type SentModel } from './read-body.js';
export { loadNotebookManager, type LoadOptions, type StoreSections } from './load-manager.js';
export { FileNotebookManager, type FileNotebookManagerOptions } from './stores/file.js';
export { MemoryNotebookManager } from './stores/memory.js';
export { CheckpointsBeside } from './checkpoints-beside.js';
export { inSteps } from './steps.js';
export { mimeTypeOf } from './models.js';
export { cleanPath, encodePath, isHidden, joinPath, nameOf, parentOf } from './paths.js';
