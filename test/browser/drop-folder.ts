/** Drops a folder on the page, for tests. That of the computer cannot be dropped by a program: it is one of the browser's. */

/** Runs in the page: makes a folder with these files, [path, text], and drops it. A path that ends with a slash is an empty folder. */
export async function dropFolder(files: [path: string, text: string][]): Promise<void> {
  type Later<T> = (done: (value: T) => void, failed: (error: unknown) => void) => void;
  const later = <T>(start: Later<T>): Promise<T> => new Promise(start);
  interface Writer {
    onwriteend: (value: unknown) => void;
    onerror: (error: unknown) => void;
    write(data: Blob): void;
  }
  interface Entry {
    getDirectory(
      name: string,
      how: object,
      done: (entry: Entry) => void,
      failed: (error: unknown) => void,
    ): void;
    getFile(name: string, how: object, done: (entry: Entry) => void, failed: (error: unknown) => void): void;
    createWriter(done: (writer: Writer) => void, failed: (error: unknown) => void): void;
  }
  const page = globalThis as unknown as {
    webkitRequestFileSystem(
      type: number,
      size: number,
      done: (system: { root: Entry }) => void,
      failed: (error: unknown) => void,
    ): void;
    document: { querySelector(selector: string): { dispatchEvent(event: unknown): void } };
    DataTransfer: new () => { items: { add(file: File): unknown } };
    DataTransferItem: { prototype: { webkitGetAsEntry: () => Entry } };
    DragEvent: new (type: string, options: object) => unknown;
    File: new (parts: string[], name: string) => File;
  };
  const create = { create: true };
  const { root } = await later<{ root: Entry }>((done, failed) =>
    page.webkitRequestFileSystem(0, 1e8, done, failed),
  );
  const folders = new Map<string, Promise<Entry>>();
  const folder = (path: string): Promise<Entry> => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf('/');
    const made = (async () => {
      const parent = slash < 0 ? root : await folder(path.slice(0, slash));
      return later<Entry>((done, failed) => parent.getDirectory(path.slice(slash + 1), create, done, failed));
    })();
    folders.set(path, made);
    return made;
  };
  for (const [path, text] of files) {
    const slash = path.lastIndexOf('/');
    const parent = await folder(path.slice(0, slash));
    if (path.endsWith('/')) continue;
    const entry = await later<Entry>((done, failed) =>
      parent.getFile(path.slice(slash + 1), create, done, failed),
    );
    const writer = await later<Writer>((done, failed) => entry.createWriter(done, failed));
    await later((done, failed) => {
      writer.onwriteend = done;
      writer.onerror = failed;
      writer.write(new Blob([text]));
    });
  }
  const [[top = ''] = []] = files.map(([path]) => path.split('/'));
  const dropped = await folder(top);
  page.DataTransferItem.prototype.webkitGetAsEntry = () => dropped;
  const dataTransfer = new page.DataTransfer();
  dataTransfer.items.add(new page.File([], top));
  page.document
    .querySelector('main')
    .dispatchEvent(new page.DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
}
