/** Live documents: the server owns an open notebook, runs it, records its output and saves it. */
export { DocumentManager, type DocumentManagerOptions, type OpenOptions } from './document-manager.js';
export type { DocumentPage } from './document-pages.js';
export { ForeignRuns } from './foreign-runs.js';
export { LiveDocument } from './live-document.js';
export { rescue } from './rescue.js';
export { documentsRouter } from './router.js';
export { handleDocumentSocket } from './socket.js';
