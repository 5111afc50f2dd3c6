import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  Contents,
  MemoryNotebookManager,
  NotebookTrust,
  type OpenDocument,
  type OpenDocuments,
} from '../../../src/contents/index.js';
import { newNotebook, type JsonObject } from '../../../src/notebook/index.js';

const notebook = (source: string): JsonObject => ({
  cells: [{ cell_type: 'markdown', id: 'a', metadata: {}, source }],
  metadata: {},
  nbformat: 4,
  nbformat_minor: 5,
});

describe('Contents with live documents', () => {
  let contents: Contents;
  let calls: string[];

  beforeEach(async () => {
    const store = new MemoryNotebookManager();
    await store.write('open.ipynb', Buffer.from(newNotebook()));
    calls = [];
    const document: OpenDocument = {
      content: () => notebook('live'),
      flush: async () => void calls.push('flush'),
      unsaved: () => undefined,
      reload: async () => void calls.push('reload'),
      save: async (content) => {
        calls.push(`save ${JSON.stringify((content['cells'] as JsonObject[])[0]?.['source'])}`);
        return store.write('open.ipynb', Buffer.from('written by the document'));
      },
    };
    contents = new Contents(store);
    contents.openDocuments = {
      find: (path) => (path === 'open.ipynb' ? document : undefined),
      renamed: (from, to) => void calls.push(`renamed ${from} ${to}`),
      removed: (path) => void calls.push(`removed ${path}`),
    } satisfies OpenDocuments;
  });

  it('reads the live state, not the file', async () => {
    expect((await contents.get('/open.ipynb')).content).toEqual(notebook('live'));
    expect(calls).toEqual([]);
  });

  it('saves through the document, and never past it', async () => {
    const { created } = await contents.save('open.ipynb', {
      type: 'notebook',
      content: notebook('from outside'),
    });
    expect([created, calls]).toEqual([false, ['save "from outside"']]);
    expect((await contents.readBytes('open.ipynb')).bytes.toString()).toBe('written by the document');
  });

  it('refuses malformed content before the document sees it', async () => {
    await expect(
      contents.save('open.ipynb', { type: 'notebook', content: { cells: 7 } }),
    ).rejects.toMatchObject({
      status: 400,
    });
    expect(calls).toEqual([]);
  });

  it('tells what happened to its file', async () => {
    const { id } = await contents.createCheckpoint('open.ipynb');
    await contents.restoreCheckpoint('open.ipynb', id);
    await contents.copy('open.ipynb', '');
    await contents.rename('open.ipynb', 'b.ipynb');
    await contents.delete('b.ipynb');
    expect(calls).toEqual([
      'flush',
      'flush',
      'reload',
      'flush',
      'flush',
      'renamed open.ipynb b.ipynb',
      'removed b.ipynb',
    ]);
  });

  it('tells nothing when a rename or a deletion failed', async () => {
    await contents.createUntitled('', { type: 'directory' });
    await expect(contents.rename('open.ipynb', 'Untitled Folder')).rejects.toMatchObject({ status: 409 });
    await expect(contents.delete('gone.ipynb')).rejects.toMatchObject({ status: 404 });
    expect(calls).toEqual(['flush']);
  });
});

describe('Contents with a record of trusted notebooks', () => {
  let state: string;
  const code = (source: string, metadata = {}, type = 'display_data'): JsonObject => ({
    ...notebook(''),
    cells: [
      {
        cell_type: 'code',
        id: 'a',
        metadata,
        source,
        execution_count: null,
        outputs:
          type === 'stream'
            ? [{ output_type: type, name: 'stdout', text: source }]
            : [{ output_type: type, data: { 'text/html': source }, metadata: {} }],
      },
    ],
  });
  let contents: Contents;
  const shown = async (): Promise<unknown> =>
    ((await contents.get('n.ipynb')).content as { cells: { metadata: { trusted: boolean } }[] }).cells[0]
      ?.metadata.trusted;

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'nbserver-trust-'));
    contents = new Contents(new MemoryNotebookManager(), {
      trust: new NotebookTrust({ stateDirectory: state }),
    });
  });
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  it('trusts what its owner says to trust, until it changes', async () => {
    await contents.save('n.ipynb', { type: 'notebook', content: code('foreign') });
    expect(await shown()).toBe(false);
    await contents.trust('n.ipynb');
    expect(await shown()).toBe(true);
    await contents.save('n.ipynb', { type: 'notebook', content: code('changed') });
    expect(await shown()).toBe(false);
  });

  it('keeps trust when a client saves only trusted cells, or outputs that cannot do anything', async () => {
    await contents.save('n.ipynb', {
      type: 'notebook',
      content: code('run by the owner', { trusted: true }),
    });
    expect(await shown()).toBe(true);
    await contents.save('n.ipynb', { type: 'notebook', content: code('text only', {}, 'stream') });
    expect(await shown()).toBe(true);
  });

  it('ignores the flags in a file, and says 501 without a record', async () => {
    await contents.writeBytes('n.ipynb', Buffer.from(JSON.stringify(code('x', { trusted: true }))));
    expect(await shown()).toBe(false);
    await expect(new Contents(contents.store).trust('n.ipynb')).rejects.toMatchObject({ status: 501 });
  });
});
