/** Files of a folder, of which those under `locked/` cannot be written: for tests, whose user may write everything. */
export default function readOnlyStore({ FileNotebookManager, HttpError }) {
  const isLocked = (path) => path === 'locked' || path.startsWith('locked/');
  const asIs = (path, entry) =>
    entry !== undefined && isLocked(path) ? { ...entry, writable: false } : entry;
  return class ReadOnlyNotebookManager extends FileNotebookManager {
    async stat(path) {
      return asIs(path, await super.stat(path));
    }
    async read(path, range) {
      const { entry, body } = await super.read(path, range);
      return { entry: asIs(path, entry), body };
    }
    async write(path, body, when) {
      if (isLocked(path)) throw new HttpError(403, `Permission denied: ${path}`);
      return super.write(path, body, when);
    }
  };
}
