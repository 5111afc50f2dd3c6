/**
 * What the package exports: a server to start from code, password hashes, and what a notebook store is made from.
 *
 *     import { createServer } from 'nbserver';
 *
 *     const server = await createServer({ notebook_dir: '/home/me/work', port: 0 });
 *     console.log(server.url);
 *     await server.close();
 */
export { createServer, type Server, type ServerOptions } from './server/create-server.js';
export { passwd, passwdCheck, type PasswordAlgorithm } from './auth/index.js';
export {
  FileNotebookManager,
  MemoryNotebookManager,
  NotebookManager,
  type Checkpoints,
  type Closeable,
  type Entry,
  type EntryPage,
  type Revision,
} from './contents/index.js';
export { HttpError } from './http-error.js';
export type { Settings } from './config/index.js';
