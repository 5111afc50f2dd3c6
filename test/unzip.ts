/** Reads zip archives in tests. */
import * as yauzl from 'yauzl';

/** What is in an archive: texts by name; folders end with a slash. */
export function unzip(zip: Buffer): Promise<Map<string, string>> {
  return new Promise((resolve, reject) => {
    yauzl.fromBuffer(zip, { lazyEntries: true }, (error, file) => {
      if (error) return reject(error);
      const found = new Map<string, string>();
      file.on('entry', (entry: yauzl.Entry) => {
        if (entry.fileName.endsWith('/')) {
          found.set(entry.fileName, '');
          return file.readEntry();
        }
        file.openReadStream(entry, (failed, stream) => {
          if (failed) return reject(failed);
          void stream.toArray().then((chunks) => {
            found.set(entry.fileName, Buffer.concat(chunks as Buffer[]).toString());
            file.readEntry();
          });
        });
      });
      file.on('end', () => resolve(found)).on('error', reject);
      file.readEntry();
    });
  });
}
