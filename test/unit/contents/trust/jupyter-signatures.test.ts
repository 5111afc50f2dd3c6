import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import initSqlJs from 'sql.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotebookTrust } from '../../../../src/contents/index.js';
import { readNotebook, type NotebookFile } from '../../../../src/notebook/index.js';

/** What nbformat 5.5 computes for these files with the secret below. */
const digests: [sample: string, algorithm: string, digest: string][] = [
  ['numbers', 'sha256', 'de43147ac90c8cd6c98d1214d41fd0b600078058bf0ace32f130d60d8fa08c86'],
  ['unicode', 'sha256', '60fe9abeebee8fa9c2ba790bd9cb49a5938c5336e2a11d4565b8496279f04192'],
  ['hostile', 'sha256', '51c992375fba0abed303f1e038e0324b73daff49ecc71354e96dcdc01381ec2a'],
  ['hostile', 'sha3_256', 'e9e67f2f30452f41a141ae00d49607ebbb4567043e2da1f7258cf88b610c2e9a'],
  [
    'hostile',
    'blake2b',
    '41ca7ef50c083c7beec658bab9704179233996209076f7d1a1edd5e5b3cfefa9da4183e15f785fc51c8454af5d6f2af4366c6000bf4d96d349a6e1b10da06a8e',
  ],
];
const SECRET = 'c2VjcmV0\n';

let home: string;
let data: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nbserver-jupyter-'));
  data = home;
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const sample = (name: string): NotebookFile =>
  readNotebook(readFileSync(join(process.cwd(), 'test/notebooks', `${name}.ipynb`)));
const foreign = async (file: NotebookFile): Promise<number> => {
  const trust = new NotebookTrust({ stateDirectory: join(home, 'state'), jupyterDirectory: data });
  return (await trust.foreignCells(file)).size;
};

async function writeDatabase(rows: [algorithm: string, signature: string][]): Promise<void> {
  const SQL = await initSqlJs();
  const database = new SQL.Database();
  database.run(
    'CREATE TABLE nbsignatures (id integer PRIMARY KEY AUTOINCREMENT, algorithm text, signature text, path text, last_seen timestamp)',
  );
  for (const row of rows) {
    database.run('INSERT INTO nbsignatures (algorithm, signature) VALUES (?, ?)', row);
  }
  writeFileSync(join(data, 'nbsignatures.db'), database.export());
  writeFileSync(join(data, 'notebook_secret'), SECRET);
  database.close();
}

describe('a notebook that Jupyter has signed', () => {
  it.each(digests)('is trusted: %s by %s', async (name, algorithm, digest) => {
    await writeDatabase([
      ['sha256', '0'.repeat(64)],
      [algorithm, digest],
    ]);
    const before = readFileSync(join(data, 'nbsignatures.db'));
    const { mtimeMs } = statSync(join(data, 'nbsignatures.db'));
    expect(await foreign(sample(name))).toBe(0);
    expect(readFileSync(join(data, 'nbsignatures.db')).equals(before)).toBe(true);
    expect(statSync(join(data, 'nbsignatures.db')).mtimeMs).toBe(mtimeMs);
  });

  it('is not, when one character of it changed, by another secret, or with a database that is none', async () => {
    const [, , hostile] = digests[2] ?? ['', '', ''];
    await writeDatabase([['sha256', hostile]]);
    const text = readFileSync(join(process.cwd(), 'test/notebooks/hostile.ipynb'), 'utf8');
    const changed = readNotebook(
      Buffer.from(text.replace('window.hacked = \\"html script\\"', 'window.hacked = \\"other\\"')),
    );
    expect(await foreign(changed)).toBeGreaterThan(0);
    writeFileSync(join(data, 'notebook_secret'), 'other');
    rmSync(join(home, 'state'), { recursive: true });
    expect(await foreign(sample('hostile'))).toBeGreaterThan(0);
    writeFileSync(join(data, 'nbsignatures.db'), 'no database');
    expect(await foreign(sample('hostile'))).toBeGreaterThan(0);
    rmSync(join(data, 'nbsignatures.db'));
    expect(await foreign(sample('hostile'))).toBeGreaterThan(0);
  });
});
