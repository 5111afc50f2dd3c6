/** Where the changes of a notebook go that cannot be written: into a copy beside it, or in the nearest folder above. */
import type { ContentsModel } from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';
import { baseName, encodePath, parentPath } from '../base/urls.js';

/** @returns the folder for a copy; undefined: none can be written, or a copy would be as read-only as the notebook */
export async function findCopyFolder(path: string): Promise<string | undefined> {
  const isWritable = async (each: string): Promise<boolean> =>
    (await api.get<ContentsModel>(`api/contents/${encodePath(each)}?content=0`)).writable;
  // The file could be written: the server refuses for another reason (its size), and would for the copy.
  if (await isWritable(path)) return undefined;
  for (let folder = parentPath(path); ; folder = parentPath(folder)) {
    if (await isWritable(folder)) return folder;
    if (folder === '') return undefined;
  }
}

/**
 * Makes a copy under a free name; the kernel goes along.
 *
 * @param session  of the notebook, when it has a kernel
 * @returns path of the copy
 */
export async function copyWithKernel(
  folder: string,
  from: string,
  session: string | null | undefined,
): Promise<string> {
  const { path } = await api.post<ContentsModel>(`api/contents/${encodePath(folder)}`, { copy_from: from });
  if (session != null) {
    await api
      .patch(`api/sessions/${encodeURIComponent(session)}`, { path, name: baseName(path) })
      .catch(() => undefined); // then the copy starts a kernel of its own
  }
  return path;
}
