/**
 * A path as a name in a zip archive. There a backslash separates folders, and a letter with a colon is a drive, which no
 * program may unpack; on Linux both are plain signs in the name of a file.
 */
export function zipName(path: string): string {
  return path.replaceAll('\\', '_').replace(/^([a-z]):/i, '$1_');
}
