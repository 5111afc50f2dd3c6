import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Contents, loadNotebookManager } from '../../../src/contents/index.js';
import { HttpError } from '../../../src/http-error.js';

const folder = mkdtempSync(join(tmpdir(), 'nbserver-load-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = { notebook_dir: folder, bucket: 'b' };
const load = (name: string): ReturnType<typeof loadNotebookManager> =>
  loadNotebookManager(name, { baseDirectory: folder, options });

/** A store as somebody writes it who has no types and imports nothing of ours. */
const factory = `export default ({ NotebookManager, HttpError, FileNotebookManager }, options) => {
  class Mine extends FileNotebookManager {
    trash = undefined;
    infoString() { return 'mine in ' + options.bucket; }
    async remove() { throw new HttpError(403, 'Nothing is ever removed from here'); }
  }
  return new Mine(options);
};`;
const classText = `class Bare {
  constructor(options) { this.options = options; }
  infoString() { return 'bare ' + this.options.bucket; }
  async stat(path) { return path === '' ? { name: '', kind: 'directory', modified: new Date(0), writable: true, revision: '1' } : undefined; }
  async list() { return { entries: [] }; }
  async read() {} async write() {} async makeDirectory() {} async rename() {} async remove() {}
}`;

beforeAll(() => {
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  put('factory.mjs', factory);
  put('class-factory.mjs', factory.replace('return new Mine(options)', 'return Mine'));
  put('class.mjs', `${classText}\nexport default Bare;`);
  put('common.cjs', `${classText}\nmodule.exports = { __esModule: true, default: Bare };`);
  put('nothing.mjs', 'export const x = 1;');
  put('number.mjs', 'export default () => 7;');
  put('half.mjs', 'export default () => ({ infoString() {}, stat() {}, list() {} });');
  put('throws.mjs', "export default () => { throw new Error('no such bucket\\nat line 1'); };");
  put('syntax.mjs', 'export default (');
  mkdirSync(join(folder, 'node_modules/my-store'), { recursive: true });
  put('node_modules/my-store/package.json', '{"name": "my-store", "type": "module", "exports": "./main.js"}');
  put('node_modules/my-store/main.js', factory);
});

describe('loadNotebookManager', () => {
  it.each([
    ['FileNotebookManager', `Serving notebooks from local directory: ${folder}`],
    ['MemoryNotebookManager', 'Serving notebooks from memory: they are gone when the server stops'],
    ['./factory.mjs', 'mine in b'],
    ['factory.mjs', 'mine in b'],
    [join(folder, 'factory.mjs'), 'mine in b'],
    ['./class-factory.mjs', 'mine in b'],
    ['./class.mjs', 'bare b'],
    ['./common.cjs', 'bare b'],
    ['my-store', 'mine in b'],
  ])('makes a store of %s', async (name, info) => {
    const store = await load(name);
    expect(store.infoString()).toBe(info);
    // what a store need not bring
    expect(store.checkpoints).toBeDefined();
    await store.close();
  });

  it.each([
    ['a class', `${classText.replace('Bare', 'SwiftNotebookManager')}\nexport default SwiftNotebookManager;`],
    [
      'a factory that gives a class',
      `export default () => ${classText.replace('Bare', 'SwiftNotebookManager')};`,
    ],
    [
      'a factory with a name',
      `${classText}\nexport default function SwiftNotebookManager(parts, options) { return new Bare(options); }`,
    ],
  ])('passes the section of its own name to %s, and reports sections for others', async (_what, text) => {
    const file = `section-${_what.length}.mjs`;
    writeFileSync(join(folder, file), text);
    const unused: string[] = [];
    const store = await loadNotebookManager(`./${file}`, {
      baseDirectory: folder,
      options,
      sections: {
        NotebookManager: { timeout: 1 },
        SwiftNotebookManager: { bucket: 'of the section' },
        OtherContentsManager: { bucket: 'not this' },
      },
      onUnusedSection: (section) => unused.push(section),
    });
    expect(store.infoString()).toBe('bare of the section');
    expect((store as unknown as { options: object }).options).toMatchObject({
      notebook_dir: folder,
      timeout: 1,
    });
    expect(unused).toEqual(['OtherContentsManager']);
  });

  it('gives every section to a factory without a name, which knows what is meant', async () => {
    writeFileSync(
      join(folder, 'nameless.mjs'),
      `${classText}\nexport default (parts, options) => new Bare(options);`,
    );
    const store = await loadNotebookManager('./nameless.mjs', {
      baseDirectory: folder,
      options,
      sections: { AnyNotebookManager: { bucket: 'mine' } },
    });
    expect(store.infoString()).toBe('bare mine');
  });

  it('takes an error of another copy of the package for what it is', async () => {
    writeFileSync(
      join(folder, 'foreign.mjs'),
      `const brand = Symbol.for('nbserver.HttpError');
       class HttpError extends Error { [brand] = true; status = 418; reason = null; extra = {}; toBody() { return {}; } }
       ${classText.replace('async read() {}', "async read() { throw new HttpError('short and stout'); }")}
       export default Bare;`,
    );
    const store = await load('./foreign.mjs');
    await expect(store.read('x')).rejects.toBeInstanceOf(HttpError);
  });

  it('gives a store of another author to the contents API', async () => {
    writeFileSync(join(folder, 'a.txt'), 'text');
    const contents = new Contents(await load('./factory.mjs'));
    expect((await contents.get('a.txt')).content).toBe('text');
    await expect(contents.delete('a.txt')).rejects.toMatchObject({
      status: 403,
      message: /Nothing is ever removed/,
    });
    expect((await new Contents(await load('./class.mjs')).get('')).content).toEqual([]);
  });

  it.each([
    ['./gone.mjs', /no file .*gone\.mjs$/],
    ['no-such-package', /no notebook manager no-such-package\. Built in are FileNotebookManager/],
    ['./nothing.mjs', /default export of \.\/nothing\.mjs must be a class/],
    ['./number.mjs', /did not make a store, but number/],
    ['./half.mjs', /lacks the methods read, write, makeDirectory, rename, remove$/],
    ['./throws.mjs', /could not be started: no such bucket$/],
    ['./syntax.mjs', /could not be loaded: /],
  ])('says in one line what is wrong with %s', async (name, message) => {
    await expect(load(name)).rejects.toThrow(message);
    await load(name).catch((error: Error) => {
      expect(error.message).toMatch(/^notebook_manager_class: [^\n]*$/);
    });
  });
});
