/** Notebooks over the contents API: every format in, the same bytes on disk, and nothing that a save could damage. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, serveContents, type Served } from '../unit/contents/serve.js';

const folder = join(process.cwd(), 'test/notebooks');
let served: Served;
let api: string;
beforeAll(async () => {
  served = await serveContents();
  api = `${served.url}/api/contents`;
});
afterAll(() => served.close());

const onDisk = (name: string): string => join(served.root, name);
const put = (name: string, sample: string): Buffer => {
  const bytes = readFileSync(join(folder, sample));
  writeFileSync(onDisk(name), bytes);
  return bytes;
};
const save = (name: string, content: unknown) =>
  call(`${api}/${name}`, 'PUT', { type: 'notebook', format: 'json', content });

describe('a client that opens a notebook and saves it unchanged', () => {
  const samples = readdirSync(folder).filter((name) => name.endsWith('.ipynb') && !/^v[123]/.test(name));
  it.each(samples)('leaves %s as it was, to the last byte', async (name) => {
    const before = put(name, name);
    const got = await call(`${api}/${name}`);
    expect([got.status, got.json['message']]).toEqual([200, undefined]);
    const saved = await save(name, got.json['content']);
    expect([saved.status, saved.json['message']]).toEqual([200, undefined]);
    expect(Buffer.compare(readFileSync(onDisk(name)), before)).toBe(0);
  });
});

describe('a notebook of an old format', () => {
  it.each([
    ['v1.ipynb', 1],
    ['v2.ipynb', 2],
    ['v3.ipynb', 3],
  ])(
    '%s is read as 4.5, and kept as a checkpoint and beside the new file at its first save',
    async (name, version) => {
      const before = put(name, name);
      const { json } = await call(`${api}/${name}`);
      expect(json['content']).toMatchObject({ nbformat: 4, nbformat_minor: 5 });
      expect(Buffer.compare(readFileSync(onDisk(name)), before)).toBe(0);
      for (let n = 0; n < 2; n++) expect((await save(name, json['content'])).status).toBe(200);
      expect(JSON.parse(readFileSync(onDisk(name), 'utf8'))).toMatchObject({
        nbformat: 4,
        nbformat_minor: 5,
      });
      const kept = `v${version}-v${version}.ipynb`;
      expect(Buffer.compare(readFileSync(onDisk(kept)), before)).toBe(0);
      expect(readdirSync(served.root)).not.toContain(`v${version}-v${version}-1.ipynb`);
      const list = await call(`${api}/${name}/checkpoints`);
      const [first] = list.json as unknown as { id: string }[];
      await call(`${api}/${name}/checkpoints/${first?.id}`, 'POST');
      expect(Buffer.compare(readFileSync(onDisk(name)), before), 'its first checkpoint').toBe(0);
    },
  );
});

describe('a notebook in which git left the marks of a conflict', () => {
  it('is given as text with a sentence, to editors too, and refused as a notebook with a reason that a client can tell', async () => {
    const before = put('conflict.ipynb', 'broken/merge-conflict.ipynb.txt').toString();
    const text = await call(`${api}/conflict.ipynb`);
    expect(text.json).toMatchObject({ type: 'file', format: 'text', content: before });
    expect(text.json['message']).toMatch(
      /^conflict\.ipynb: git could not merge .* line 7\. Open it as text, /,
    );
    const refused = await call(`${api}/conflict.ipynb?type=notebook`);
    expect([refused.status, refused.json['reason']]).toEqual([400, 'merge conflict']);
    expect(refused.json['message']).toBe(text.json['message']);
    const editor = await call(`${api}/conflict.ipynb?type=file&format=text`);
    expect(editor.json).toMatchObject({ type: 'file', content: before, message: text.json['message'] });
  });
});

describe('a notebook that breaks the format', () => {
  it('is given and saved with a message, and keeps what is wrong in it', async () => {
    const before = put('wrong.ipynb', 'broken/wrong-kinds.ipynb.txt');
    const got = await call(`${api}/wrong.ipynb`);
    const message = "Notebook validation failed: /cells/0/outputs/0: 'data' is missing (and 2 more)";
    expect([got.status, got.json['message']]).toEqual([200, message]);
    const saved = await save('wrong.ipynb', got.json['content']);
    expect([saved.status, saved.json['message']]).toEqual([200, message]);
    expect(Buffer.compare(readFileSync(onDisk('wrong.ipynb')), before)).toBe(0);
  });
});

describe('a notebook that is asked for again and again', () => {
  it('is what stands on disk, at every moment', async () => {
    const text = put('again.ipynb', 'matplotlib.ipynb').toString();
    const source = async (): Promise<unknown> => {
      const { json } = await call(`${api}/again.ipynb`);
      return (json['content'] as { cells: { source: string }[] }).cells[0]?.source;
    };
    for (const title of ['# A plot', '# One', '# Two']) {
      writeFileSync(onDisk('again.ipynb'), text.replace('# A plot', title));
      for (let n = 0; n < 3; n++) expect(await source()).toMatch(new RegExp(`^${title}\n`));
    }
  });
});
