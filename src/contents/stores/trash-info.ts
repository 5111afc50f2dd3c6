/** The notes beside what lies in a trash (freedesktop.org, "Trash specification" 1.0, "Contents of a trash directory"). */

export interface TrashInfo {
  /** absolute, or relative to the top of the file system */
  path: string;
  deleted: Date;
}

export function formatTrashInfo({ path, deleted }: TrashInfo): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return `[Trash Info]\nPath=${encoded}\nDeletionDate=${localTime(deleted)}\n`;
}

/** @returns undefined for a text that is no such note */
export function parseTrashInfo(text: string): TrashInfo | undefined {
  const path = /^Path=(.+)$/m.exec(text)?.[1];
  if (!text.startsWith('[Trash Info]') || path === undefined) return undefined;
  const date = /^DeletionDate=(\S+)$/m.exec(text)?.[1] ?? '';
  const deleted = new Date(date);
  try {
    return {
      path: decodeURIComponent(path),
      deleted: Number.isNaN(deleted.getTime()) ? new Date(0) : deleted,
    };
  } catch {
    // percent signs that encode no UTF-8: a name that we could not show
    return undefined;
  }
}

/** `YYYY-MM-DDThh:mm:ss` without a zone: the specification wants the local time. */
function localTime(date: Date): string {
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}
