/** A project that uses nbserver as a package: compiled against its types by scripts/check-package.mjs. */
import {
  createServer,
  FileNotebookManager,
  HttpError,
  NotebookManager,
  passwd,
  passwdCheck,
  type Entry,
  type Server,
} from 'nbserver';
import { conformance, type ConformanceOptions } from 'nbserver/testing';

export class LoggingStore extends FileNotebookManager {
  override async stat(path: string): Promise<Entry | undefined> {
    if (path.includes('secret')) throw new HttpError(403, 'Not for you.');
    return super.stat(path);
  }
}

export async function serveFolder(folder: string): Promise<Server> {
  const hash: string = await passwd('a password', 'argon2');
  const right: boolean = await passwdCheck(hash, 'a password');
  if (!right) throw new Error('unreachable');
  const server = await createServer({ notebook_dir: folder, port: 0, password: hash, open_browser: false });
  console.log(server.url);
  return server;
}

export const isStore = (value: unknown): value is NotebookManager => value instanceof NotebookManager;

/** How the tests of a store look that is written in TypeScript. */
export const checksOf = (makeStore: () => NotebookManager): [string, () => Promise<void>][] => {
  const options: ConformanceOptions = { directories: 'implied' };
  return conformance(options).map(({ name, run }) => [name, () => run(makeStore())]);
};
