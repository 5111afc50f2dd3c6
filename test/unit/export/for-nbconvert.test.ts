import { expect, it } from 'vitest';
import { forNbconvert } from '../../../src/export/for-nbconvert.js';
import { readNotebook } from '../../../src/notebook/notebook-file.js';

it.each([
  ['![](attachment:plot.png)', ['plot.png'], '![](attachment:attachment_0_0.png)'],
  ['![](attachment:Screenshot(1).png)', ['Screenshot(1).png'], '![](attachment:attachment_0_0.png)'],
  ['![](attachment:a%20b.png)', ['a b.png'], '![](attachment:attachment_0_0.png)'],
  ['<img src="attachment:a.png">', ['a.png'], '<img src="attachment:attachment_0_0.png">'],
  [
    '![](attachment:a) ![](attachment:a.png)',
    ['a', 'a.png'],
    '![](attachment:attachment_0_0) ![](attachment:attachment_0_1.png)',
  ],
  ['![](attachment:none)', ['a.png'], '![](attachment:none)'],
])('gives attachments names of ours where the text says %s', (source, names, expected) => {
  const picture = { 'image/png': 'iVBORw0KGgo=' };
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      {
        id: 'one',
        cell_type: 'markdown',
        metadata: {},
        source,
        attachments: Object.fromEntries(names.map((name) => [name, picture])),
      },
    ],
  };
  const { cells } = JSON.parse(
    Buffer.from(forNbconvert(readNotebook(Buffer.from(JSON.stringify(notebook))))).toString(),
  ) as { cells: { source: string; attachments: object }[] };
  expect(cells[0]?.source).toBe(expected);
  expect(Object.keys(cells[0]?.attachments ?? {})).toEqual(
    names.map((name, at) => `attachment_0_${at}${name.includes('.png') ? '.png' : ''}`),
  );
});
