/**
 * Saves, renames and copies without an end, until it is killed; says before and after each what it is about. Run as
 * `node killed-writer.mjs ROOT rename|in-place FIRST-NUMBER`.
 */
import { writeSync } from 'node:fs';
import { FileNotebookManager } from '../../../src/contents/stores/file.js';

const [root = '', mode, first] = process.argv.slice(2);
const store = new FileNotebookManager({ notebook_dir: root, file_write: mode as 'rename' | 'in-place' });

/** A line with its number and length, then that many letters: a mixture of two states shows. */
function text(seq: number): Buffer {
  const length = 1000 + ((seq * 7919) % 400_000);
  return Buffer.from(`${seq} ${length}\n${String.fromCharCode(97 + (seq % 26)).repeat(length)}`);
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

for (let seq = Number(first); ; seq++) {
  const name = `n${seq % 3}.ipynb`;
  const moved = name.replace('.ipynb', '-moved.ipynb');
  // a kill in the middle of a rename may have left it under the other name, or under both
  if ((await store.stat(moved)) !== undefined) {
    if ((await store.stat(name)) === undefined) await store.rename(moved, name);
    else await store.remove(moved);
  }
  say(`begin ${seq} ${name}`);
  await store.write(name, text(seq));
  say(`done ${seq} ${name}`);
  if (seq % 4 === 0) {
    await store.rename(name, moved);
    await store.rename(moved, name);
  }
  if (seq % 5 === 0) {
    const copy = `copy${seq % 2}.ipynb`;
    say(`begin ${seq} ${copy}`);
    await store.write(copy, (await store.read(name)).body);
    say(`done ${seq} ${copy}`);
  }
  if (seq % 7 === 0) await store.checkpoints.create(name);
}
