/** The files of a drop, those in folders too, and folders without any. */
import type { NewFile, NewFolder } from './uploads.js';

/** To be called in the event itself: browsers forget afterwards what was dropped. */
export async function droppedFiles(event: DragEvent): Promise<(NewFile | NewFolder)[]> {
  const entries = [...(event.dataTransfer?.items ?? [])]
    .filter(({ kind }) => kind === 'file')
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const found: (NewFile | NewFolder)[] = [];
  for (const { entry, file } of entries) {
    if (entry !== null) await collect(entry, '', found);
    else if (file !== null) found.push({ file, path: file.name });
  }
  return found;
}

async function collect(
  entry: FileSystemEntry,
  folder: string,
  found: (NewFile | NewFolder)[],
): Promise<void> {
  const path = `${folder}${entry.name}`;
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path });
  } else if (isDirectory(entry)) {
    const entries = await readAll(entry);
    if (entries.length === 0) found.push({ path });
    for (const each of entries) await collect(each, `${path}/`, found);
  }
}

// Chromium has the classes under no name that `instanceof` could ask for.
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** A reader gives a hundred entries at a time, and none at the end. */
async function readAll(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}
