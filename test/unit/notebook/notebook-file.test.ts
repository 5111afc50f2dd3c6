import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  FileCell,
  NotebookError,
  newNotebook,
  notebookContent,
  readNotebook,
  saveContent,
  writeNotebook,
  type Cell,
  type JsonObject,
  type NotebookFile,
} from '../../../src/notebook/index.js';
import { checkNotebook } from '../../../src/notebook/validate.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (range: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(range);
const read = (json: string): NotebookFile => readNotebook(bytes(json));

/** A cell as Jupyter writes it, with numbers that JavaScript cannot spell. */
const codeCell = (id: string, n: number): string =>
  `  {\n   "cell_type": "code",\n   "execution_count": ${n},\n   "id": "${id}",\n   "metadata": {\n    "took": 1.0\n   },\n   "outputs": [\n    {\n     "data": {\n      "application/json": {\n       "big": 12345678901234567890,\n       "nan": NaN\n      },\n      "image/png": "iVBORw0KGgo=\\n",\n      "text/plain": [\n       "a\\n",\n       "b"\n      ]\n     },\n     "execution_count": ${n},\n     "metadata": {},\n     "output_type": "execute_result"\n    }\n   ],\n   "source": [\n    "x = ${n}\\n",\n    "x"\n   ]\n  }`;
const markdownCell = (id: string): string =>
  `  {\n   "cell_type": "markdown",\n   "id": "${id}",\n   "metadata": {},\n   "source": [\n    "# ${id}"\n   ]\n  }`;
const notebookText = (cells: string[], minor = 5): string =>
  `{\n "cells": [\n${cells.join(',\n')}\n ],\n "metadata": {\n  "ratio": 1e-05,\n  "kernelspec": {\n   "name": "python3"\n  }\n },\n "nbformat": 4,\n "nbformat_minor": ${minor}\n}\n`;
const three = notebookText([codeCell('aa', 1), markdownCell('bb'), codeCell('cc', 2)]);

const layouts: [name: string, json: string][] = [
  ['Jupyter', three],
  ['CRLF', three.replaceAll('\n', '\r\n')],
  ['a byte order mark', `\ufeff${three}`],
  ['four spaces', JSON.stringify(JSON.parse(three.replace(/NaN/g, '0')), null, 4)],
  ['tabs', JSON.stringify(JSON.parse(three.replace(/NaN/g, '0')), null, '\t') + '\n'],
  ['one line', JSON.stringify(JSON.parse(three.replace(/NaN/g, '0')))],
  ['one line, as Python writes it', three.replace(/\n\s*/g, ' ')],
  ['odd white space', three.replaceAll('},\n  {', '}\n,\t {').replaceAll('": ', '" :  ')],
  ['no cells', notebookText([]).replace('[\n\n ]', '[]')],
  ['metadata first', three.replace(/("cells": \[[^]*\n \]),\n ("metadata": \{[^]*\n \}),/, '$2,\n $1,')],
  ['repeated keys', three.replace('"nbformat": 4', '"nbformat": 3,\n "nbformat": 4')],
];

describe('an untouched notebook', () => {
  it.each(layouts)('in the layout of %s keeps every byte', (_name, json) => {
    const file = read(json);
    expect(text(file.toBytes())).toBe(json);
    expect(text(writeNotebook(file, {}).toBytes())).toBe(json);
    expect(text(writeNotebook(file, { cells: file.cells, metadata: file.metadata }).toBytes())).toBe(json);
    // also when every cell was parsed and is handed back as what was parsed
    expect(text(writeNotebook(file, { cells: file.cells.map((cell) => cell.read()) }).toBytes())).toBe(json);
  });

  const folder = join(process.cwd(), 'test/notebooks');
  const samples = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ipynb'),
  );
  it.each(samples)('test/notebooks/%s keeps every byte', (name) => {
    const before = readFileSync(join(folder, name));
    const file = readNotebook(before);
    const written = writeNotebook(file, {
      cells: file.cells.map((cell) => cell.read()),
      metadata: file.metadata,
    });
    const expected = file.upgradedFrom === undefined ? before : Buffer.from(file.toBytes());
    expect(Buffer.compare(Buffer.from(written.toBytes()), expected)).toBe(0);
    const content = JSON.parse(JSON.stringify(notebookContent(file, false))) as JsonObject;
    expect(checkNotebook(content).problems).toEqual([]);
    expect(Buffer.compare(Buffer.from(saveContent(file, content).toBytes()), expected)).toBe(0);
  });
});

describe('a changed notebook', () => {
  const file = read(three);
  const [a, b, c] = file.cells as [FileCell, FileCell, FileCell];

  it('differs only in what changed', () => {
    const cell = { ...a.read(), source: 'x = 1\ny' };
    expect(text(writeNotebook(file, { cells: [cell, b, c] }).toBytes())).toBe(three.replace('"x"', '"y"'));
  });

  it('keeps the bytes of outputs and number spellings in a changed cell', () => {
    const cell = a.read();
    cell.metadata['tags'] = ['new'];
    const written = text(writeNotebook(file, { cells: [cell, b, c] }).toBytes());
    expect(written).toBe(three.replace('"took": 1.0', '"tags": [\n     "new"\n    ],\n    "took": 1.0'));
  });

  it('moves, inserts and deletes cells without touching others', () => {
    const fresh: Cell = { id: 'dd', cell_type: 'markdown', source: '# dd', metadata: {} };
    const moved = writeNotebook(file, { cells: [c, fresh, a] });
    expect(text(moved.toBytes())).toBe(
      notebookText([codeCell('cc', 2), markdownCell('dd'), codeCell('aa', 1)]),
    );
    expect(moved.cells.map((cell) => cell.id)).toEqual(['cc', 'dd', 'aa']);
    // the written file is what the next change starts from
    expect(text(writeNotebook(moved, { cells: [...moved.cells].reverse() }).toBytes())).toBe(
      notebookText([codeCell('aa', 1), markdownCell('dd'), codeCell('cc', 2)]),
    );
  });

  it('can lose all cells and get new ones', () => {
    const empty = writeNotebook(file, { cells: [] });
    expect(text(empty.toBytes())).toBe(notebookText([]).replace('[\n\n ]', '[]'));
    expect(text(writeNotebook(empty, { cells: [a] }).toBytes())).toBe(notebookText([codeCell('aa', 1)]));
  });

  it('keeps number spellings in changed notebook metadata', () => {
    const metadata = { ...file.metadata, title: 'T' };
    const name = '   "name": "python3"\n  }';
    expect(text(writeNotebook(file, { metadata }).toBytes())).toBe(
      three.replace(name, `${name},\n  "title": "T"`),
    );
  });

  it('writes what is new in the layout of the file', () => {
    const json = JSON.stringify(JSON.parse(notebookText([markdownCell('bb')])), null, 4).replaceAll(
      '\n',
      '\r\n',
    );
    const other = read(json);
    const fresh: Cell = { id: 'dd', cell_type: 'raw', source: 'a\nb', metadata: {} };
    expect(text(writeNotebook(other, { cells: [...other.cells, fresh] }).toBytes())).toBe(
      json.replace(
        '\r\n        }\r\n    ]',
        '\r\n        },\r\n        {\r\n            "cell_type": "raw",\r\n            "id": "dd",\r\n            "metadata": {},\r\n            "source": [\r\n                "a\\n",\r\n                "b"\r\n            ]\r\n        }\r\n    ]',
      ),
    );
  });

  it('never writes trusted flags, display ids, or metadata that lives in memory only', () => {
    const cell: Cell = {
      id: 'aa',
      cell_type: 'code',
      source: '',
      metadata: { trusted: true },
      execution_count: null,
      outputs: [{ output_type: 'display_data', data: {}, metadata: {}, transient: { display_id: 'd' } }],
    };
    const written = text(
      writeNotebook(file, {
        cells: [cell],
        metadata: { orig_nbformat: 3, signature: 's', kept: 1 },
      }).toBytes(),
    );
    for (const gone of ['trusted', 'transient', 'display_id', 'orig_nbformat', 'signature']) {
      expect(written).not.toContain(gone);
    }
    expect(written).toContain('"kept": 1');
  });

  it('keeps fields that it does not know', () => {
    const json = notebookText([
      `  {\n   "cell_type": "raw",\n   "future": [1.0],\n   "id": "zz",\n   "metadata": {},\n   "source": []\n  }`,
    ]);
    const odd = read(json);
    const cell = odd.cells[0]?.read() as Cell;
    expect(text(writeNotebook(odd, { cells: [{ ...cell, source: 'x' }] }).toBytes())).toBe(
      json.replace('"source": []', '"source": [\n    "x"\n   ]'),
    );
  });
});

describe('cell ids', () => {
  it('below 4.5 are made for the session and never written', () => {
    const json = notebookText([codeCell('x', 1), markdownCell('y')], 4).replace(/ {3}"id": "\w",\n/g, '');
    const file = read(json);
    const ids = file.cells.map((cell) => cell.id);
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => /^[0-9a-f]{8}$/.test(id))).toBe(true);
    const [first, second] = file.cells.map((cell) => cell.read()) as [Cell, Cell];
    expect([first.id, second.id]).toEqual(ids);
    const fresh: Cell = { id: 'new', cell_type: 'raw', source: '', metadata: {} };
    const written = writeNotebook(file, { cells: [{ ...first, source: 'changed' }, second, fresh] });
    expect(text(written.toBytes())).not.toContain('"id"');
    expect(written.cells.map((cell) => cell.id)).toEqual([...ids, 'new']);
  });

  it('that a file does not have are the same whenever it is read, and do not depend on other cells', () => {
    const withoutIds = (cells: string[]) =>
      read(notebookText(cells, 4).replace(/ {3}"id": "\w",\n/g, '')).cells.map((cell) => cell.id);
    const [x, y, again] = withoutIds([codeCell('x', 1), markdownCell('y'), markdownCell('y')]);
    expect(withoutIds([codeCell('x', 1), markdownCell('y'), markdownCell('y')])).toEqual([x, y, again]);
    expect(withoutIds([markdownCell('z'), codeCell('x', 1)])[1]).toBe(x);
    const old = bytes('{"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "1"}]}]}');
    expect(readNotebook(old).cells[0]?.id).toBe(readNotebook(old).cells[0]?.id);
  });

  it('that are missing, malformed or repeated are repaired in memory, and written with their cell', () => {
    const file = read(notebookText([markdownCell('same'), markdownCell('same'), markdownCell('b d')]));
    const ids = file.cells.map((cell) => cell.id);
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toBe('same');
    const second = file.cells[1]?.read() as Cell;
    const written = writeNotebook(file, { cells: [{ ...second, source: 'x' }] });
    expect(readNotebook(written.toBytes()).cells[0]?.id).toBe(ids[1]);
  });
});

describe('reading', () => {
  it('joins lines, whatever their form, but not in JSON types', () => {
    const cell = read(
      notebookText([
        `{"cell_type": "code", "execution_count": null, "id": "x", "metadata": {}, "source": "one", "outputs": [
          {"output_type": "stream", "name": "stdout", "text": ["a\\n", "b"]},
          {"output_type": "display_data", "metadata": {}, "data": {"text/html": ["<b>", "</b>"], "application/vnd.x+json": ["a", "b"], "image/png": ["AA", "BB"]}}]}`,
      ]),
    ).cells[0]?.read();
    expect(cell?.outputs).toEqual([
      { output_type: 'stream', name: 'stdout', text: 'a\nb' },
      {
        output_type: 'display_data',
        metadata: {},
        data: { 'text/html': '<b></b>', 'application/vnd.x+json': ['a', 'b'], 'image/png': 'AABB' },
      },
    ]);
  });

  it('gives a whole cell even where the file is incomplete', () => {
    const [cell] = read('{"nbformat": 4, "cells": [{"cell_type": "code"}]}').cells;
    expect(cell?.read()).toEqual({
      id: cell?.id,
      cell_type: 'code',
      source: '',
      metadata: {},
      outputs: [],
      execution_count: null,
    });
  });

  it.each(['', ' \n'])('makes an empty notebook of an empty file %j', (json) => {
    const file = read(json);
    expect([file.cells.length, text(file.toBytes())]).toEqual([0, text(newNotebook())]);
  });

  it.each([
    ['[]', /not an object/],
    ['{}', /no 'nbformat'/],
    ['{"nbformat": 5, "cells": []}', /format 5/],
    ['{"nbformat": 4}', /no 'cells'/],
    ['{"nbformat": 4, "cells": {}}', /not a list/],
    ['{"nbformat": 4, "cells": [{}, 7]}', /cell 2 is not an object but a JSON number/],
    ['{"nbformat": 4, "cells": [}', /line 1, column 27: expected a value/],
  ])('refuses %s', (json, message) => {
    expect(() => read(json)).toThrow(NotebookError);
    expect(() => read(json)).toThrow(message);
  });

  it('makes a new notebook that knows its kernel', () => {
    const file = readNotebook(newNotebook({ name: 'python3', display_name: 'Python 3', language: 'python' }));
    expect(file.metadata).toEqual({
      kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' },
      language_info: { name: 'python' },
    });
    expect([file.nbformatMinor, checkNotebook(notebookContent(file, false)).problems]).toEqual([5, []]);
  });
});

describe('saveContent', () => {
  it('takes a notebook of format 3 from an old client', () => {
    const old = { nbformat: 3, nbformat_minor: 0, metadata: { name: 'x' }, worksheets: [{ cells: [] }] };
    expect(notebookContent(saveContent(undefined, old), false)).toMatchObject({
      nbformat: 4,
      cells: [],
      metadata: {},
    });
  });

  it('follows the minor version of the client', () => {
    const before = read(
      notebookText([markdownCell('bb')])
        .replace('   "id": "bb",\n', '')
        .replace('minor": 5', 'minor": 4'),
    );
    const content = notebookContent(before, false);
    const after = saveContent(before, { ...content, nbformat_minor: 5 });
    expect(text(after.toBytes())).toMatch(/"id": "[0-9a-f]{8}"[^]*"nbformat_minor": 5/);
    const back = saveContent(after, { ...content, nbformat_minor: 4 });
    expect(back.nbformatMinor).toBe(4);
  });

  it('finds cells without ids again when others come or go', () => {
    const json = notebookText([codeCell('x', 1), codeCell('y', 2), codeCell('z', 3)], 4).replace(
      / {3}"id": "\w",\n/g,
      '',
    );
    const before = read(json);
    const content = JSON.parse(JSON.stringify(notebookContent(before, false))) as JsonObject & {
      cells: JsonObject[];
    };
    content.cells.splice(1, 1);
    const expected = notebookText([codeCell('x', 1), codeCell('z', 3)], 4).replace(/ {3}"id": "\w",\n/g, '');
    expect(text(saveContent(before, content).toBytes())).toBe(expected);
  });
});

/** Random edits, kept the same in the file and in a plain list of objects; seeds make a failure repeatable. */
describe('random edits', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed + 1))(
    'with seed %i give what a plain model says',
    (seed) => {
      let state = seed * 2654435761;
      const random = (below: number): number => {
        state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) | 0;
        return (state >>> 0) % below;
      };
      const [, layout] = layouts[random(6)] as [string, string];
      let file = read(layout);
      let model = file.cells.map((cell) => cell.read());
      for (let round = 0; round < 5; round++) {
        const entries: (FileCell | Cell)[] = [...file.cells];
        for (let step = random(4); step >= 0; step--) {
          const at = random(entries.length + 1);
          const kind = random(4);
          const id = `n${seed}-${round}-${step}`;
          const source = ['', 'a', 'ü\n\n"\\', 'a\r\nb\u2028c', '\ud800'][random(5)] as string;
          const old = entries[at];
          const cell = model[at];
          if (kind === 0 || old === undefined || cell === undefined) {
            const fresh: Cell = { id, cell_type: 'raw', source, metadata: { n: [random(9), null] } };
            entries.splice(at, 0, fresh);
            model.splice(at, 0, structuredClone(fresh));
          } else if (kind === 1) {
            entries.splice(at, 1);
            model.splice(at, 1);
          } else if (kind === 2) {
            const changed = {
              ...structuredClone(cell),
              source,
              metadata: { ...cell.metadata, x: random(99) },
            };
            entries[at] = changed;
            model[at] = structuredClone(changed);
          } else {
            const to = random(entries.length);
            entries.splice(to, 0, ...entries.splice(at, 1));
            model.splice(to, 0, ...model.splice(at, 1));
          }
        }
        file = writeNotebook(file, { cells: entries });
        expect(file.cells.map((cell) => cell.read())).toEqual(model);
        const again = readNotebook(file.toBytes());
        expect(again.cells.map((cell) => cell.read())).toEqual(model);
        expect(again.metadata).toEqual(read(layout).metadata);
        model = file.cells.map((cell) => cell.read());
      }
    },
  );
});
