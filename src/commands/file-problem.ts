/** A sentence for what the file system refused: no defect of ours, and the person can do something about it. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you have no permission',
  EPERM: 'it is not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  ENOTDIR: 'a part of the path is no directory',
  EISDIR: 'it is a directory',
  EMFILE: 'too many files are open',
  ELOOP: 'symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
};

/** @returns undefined when something else is wrong */
export function fileProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path, dest, syscall } = error as NodeJS.ErrnoException & { dest?: string };
  const reason = code === undefined ? undefined : REASONS[code];
  if (reason === undefined || path === undefined) return undefined;
  return `${dest ?? path} cannot be used: ${reason} (${code} from ${syscall ?? 'the system'}).`;
}
