/** Which server of this user has a notebook open, so that a run goes through its document. */
import { realpathSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { serversOfThisUser } from './list.js';

export interface OpenNotebook {
  /** with base_url and a slash at its end */
  url: string;
  token: string;
  /** of the notebook on that server */
  path: string;
}

/** @param file  absolute path @returns undefined when no server has it open, or none that this command may ask */
export async function findOpenNotebook(file: string): Promise<OpenNotebook | undefined> {
  const real = realpathSync(file);
  for (const { root_dir, url, token, sock } of serversOfThisUser()) {
    const path = relative(root_dir, real).split(sep).join('/');
    if (sock !== '' || path.startsWith('..')) continue;
    try {
      const response = await fetch(new URL('api/documents', url), {
        headers: { Authorization: `token ${token}` },
        signal: AbortSignal.timeout(3_000),
      });
      if (!response.ok) continue;
      const documents = (await response.json()) as { path?: unknown }[];
      if (documents.some((document) => document.path === path)) return { url, token, path };
    } catch {
      // A server that does not answer, has a certificate of its own, or is not ours: what it has open is merged when saved.
    }
  }
  return undefined;
}
