import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContentsManager, ServerConnection, type Contents } from '@jupyterlab/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveContents, type Served } from '../unit/contents/serve.js';

/** JupyterLab's own client checks every model that it gets; what it accepts, JupyterLab and VS Code accept. */
describe('@jupyterlab/services', () => {
  let served: Served;
  let client: ContentsManager;

  beforeAll(async () => {
    served = await serveContents();
    const serverSettings = ServerConnection.makeSettings({
      baseUrl: `${served.url}/`,
      fetch,
      Request,
      Headers,
    });
    client = new ContentsManager({ serverSettings });
  });
  afterAll(async () => {
    client.dispose();
    await served.close();
  });

  it('makes, saves, reads, renames, copies and deletes a notebook', async () => {
    const folder = await client.newUntitled({ type: 'directory' });
    expect(folder.path).toBe('Untitled Folder');
    const made = await client.newUntitled({ path: folder.path, type: 'notebook' });
    expect(made.path).toBe('Untitled Folder/Untitled.ipynb');

    const content = {
      cells: [{ cell_type: 'markdown', id: 'a', metadata: {}, source: ['# Grüße\n', 'x'] }],
      metadata: { kernelspec: { name: 'python3', display_name: 'Python 3' } },
      nbformat: 4,
      nbformat_minor: 5,
    };
    const saved = await client.save(made.path, { type: 'notebook', format: 'json', content });
    expect(saved.content).toBeNull();
    const read = await client.get(made.path);
    expect(read.content).toEqual({ ...content, cells: [{ ...content.cells[0], source: '# Grüße\nx' }] });
    expect(read.last_modified).toBe(saved.last_modified);

    const copied = await client.copy(made.path, folder.path);
    expect(copied.name).toBe('Untitled-Copy1.ipynb');
    const renamed = await client.rename(copied.path, `${folder.path}/name with #? & ü.ipynb`);
    expect((await client.get(renamed.path, { content: false })).path).toBe(renamed.path);
    const listed: Contents.IModel = await client.get(folder.path);
    const names = (listed.content as Contents.IModel[]).map((child) => child.name);
    expect(names.sort()).toEqual(['Untitled.ipynb', 'name with #? & ü.ipynb']);
    await client.delete(renamed.path);
    await client.delete(made.path);
    await client.delete(folder.path);
    expect(existsSync(join(served.root, 'Untitled Folder'))).toBe(false);
  });

  it('keeps checkpoints and goes back to one', async () => {
    const { path } = await client.newUntitled({ type: 'file', ext: 'txt' });
    await client.save(path, { type: 'file', format: 'text', content: 'one' });
    const checkpoint = await client.createCheckpoint(path);
    await client.save(path, { type: 'file', format: 'text', content: 'two' });
    expect(await client.listCheckpoints(path)).toEqual([checkpoint]);
    await client.restoreCheckpoint(path, checkpoint.id);
    expect((await client.get(path)).content).toBe('one');
    await client.deleteCheckpoint(path, checkpoint.id);
    expect(await client.listCheckpoints(path)).toEqual([]);
  });

  it('uploads in chunks', async () => {
    const chunk = (n: number, text: string): Promise<Contents.IModel> =>
      client.save('up.bin', {
        type: 'file',
        format: 'base64',
        chunk: n,
        content: Buffer.from(text).toString('base64'),
      });
    await chunk(1, 'first ');
    await chunk(-1, 'last');
    expect(readFileSync(join(served.root, 'up.bin'), 'utf8')).toBe('first last');
  });

  it('asks for models in every way that the API has', async () => {
    await client.save('q.txt', { type: 'file', format: 'text', content: 'text' });
    const { path } = await client.newUntitled({ type: 'notebook' });
    const bare = await client.get(path, { content: false, hash: true });
    expect(bare).toMatchObject({ content: null, hash_algorithm: 'sha256' });
    expect(bare.hash).toMatch(/^[0-9a-f]{64}$/);
    expect((await client.get(path, { type: 'file', format: 'text', content: true })).content).toContain(
      '"nbformat": 4',
    );
    const coded = await client.get('q.txt', { type: 'file', format: 'base64', content: true });
    expect(Buffer.from(String(coded.content), 'base64').toString()).toBe('text');
    const told: string[] = [];
    client.fileChanged.connect((_, change) => told.push(`${change.type} ${change.newValue?.path ?? ''}`));
    await client.rename('q.txt', 'r.txt');
    await client.save('r.txt', { type: 'file', format: 'text', content: 'again' });
    expect(told).toEqual(['rename r.txt', 'save r.txt']);
    await client.save('dir', { type: 'directory' });
    expect((await client.copy('r.txt', 'dir')).path).toBe('dir/r.txt');
    await expect(client.delete('dir')).rejects.toThrow(/not empty/);
    await expect(client.rename('r.txt', path)).rejects.toThrow(/already exists/);
    await expect(client.save(path, { type: 'file' })).rejects.toThrow(/format/);
  });

  it('finds in the trash what JupyterLab deleted', async () => {
    const trashing = await serveContents({ deleteToTrash: true });
    const serverSettings = ServerConnection.makeSettings({
      baseUrl: `${trashing.url}/`,
      fetch,
      Request,
      Headers,
    });
    const other = new ContentsManager({ serverSettings });
    try {
      await other.save('d', { type: 'directory' });
      await other.save('d/f.txt', { type: 'file', format: 'text', content: 'kept' });
      await other.delete('d');
      const [item] = await trashing.contents.trash.list();
      expect(item).toMatchObject({ path: 'd', type: 'directory' });
      await trashing.contents.restoreFromTrash(item?.id ?? '');
      expect((await other.get('d/f.txt')).content).toBe('kept');
    } finally {
      other.dispose();
      await trashing.close();
    }
  });

  it('shows the sentence of an error', async () => {
    await expect(client.get('nowhere.ipynb')).rejects.toThrow(/does not exist: 'nowhere\.ipynb'/);
    const url = await client.getDownloadUrl('a b/c.txt');
    expect(url).toBe(`${served.url}/files/a%20b/c.txt`);
  });
});
