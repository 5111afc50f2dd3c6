/** Which server of this user has a notebook open, so that a run goes through its document. */
import { realpathSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { askLocally, type LocalServer } from './ask-locally.js';
import { serversOfThisUser } from './list.js';

export interface OpenNotebook {
  server: LocalServer;
  /** of the notebook on that server */
  path: string;
}

/** @param file  absolute path @returns undefined when no server has it open, or none that this command may ask */
export async function findOpenNotebook(file: string): Promise<OpenNotebook | undefined> {
  const real = realpathSync(file);
  for (const server of serversOfThisUser()) {
    const path = relative(server.root_dir, real).split(sep).join('/');
    if (path.startsWith('..')) continue;
    try {
      const { status, body } = await askLocally(server, { timeout: 3_000 })('api/documents');
      if (status !== 200 || !Array.isArray(body)) continue;
      const documents = body as { path?: unknown }[];
      if (documents.some((document) => document.path === path)) return { server, path };
    } catch {
      // A server that does not answer, or is not ours: what it has open is merged when saved.
    }
  }
  return undefined;
}
