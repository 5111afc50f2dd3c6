/** What the operating system says, as an answer for the person who asked. */
import { HttpError } from '../../http-error.js';

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** @returns an HttpError for the errors that a path, its rights or a full disk can cause; any other error as it is */
export function fileError(error: unknown, path: string): unknown {
  if (error instanceof HttpError) return error;
  switch (errorCode(error)) {
    case 'ENOENT':
      return new HttpError(404, `No such file or directory: ${path}`);
    case 'ENOTDIR':
      return new HttpError(404, `No such directory: ${path}`);
    case 'EACCES':
    case 'EPERM':
      return new HttpError(403, `Permission denied: ${path}`);
    case 'EROFS':
      return new HttpError(403, `The file system is read-only: ${path}`);
    case 'EEXIST':
      return new HttpError(409, `File already exists: ${path}`);
    case 'EISDIR':
      return new HttpError(400, `${path} is a directory`, 'bad type');
    case 'ENAMETOOLONG':
      return new HttpError(400, `The name is too long for the file system: ${path}`);
    case 'ELOOP':
      return new HttpError(400, `${path} is a link that leads back to itself`);
    case 'EINVAL':
      return new HttpError(400, `The file system refuses this name or move: ${path}`);
    case 'ENOTEMPTY':
      return new HttpError(400, `Directory ${path} not empty`);
    case 'ENOSPC':
    case 'EDQUOT':
      return new HttpError(
        507,
        `The disk is full: ${path} was not written, and what was there before is intact`,
      );
    case 'EIO':
      return new HttpError(
        500,
        `The disk failed at ${path} (EIO). A file that was to be saved is as it was; look after the disk, and save elsewhere`,
      );
    case 'EMFILE':
    case 'ENFILE':
      return new HttpError(503, `Too many open files at the moment: ${path}; try again`);
    default:
      return error;
  }
}

/** Runs a file operation on `path` with its errors translated. */
export async function onPath<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw fileError(error, path);
  }
}
