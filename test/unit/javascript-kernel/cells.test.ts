import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client.js';

const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('a cell of the JavaScript kernel', () => {
  let kernel: KernelClient;
  beforeAll(async () => {
    kernel = await KernelClient.start({ env: { NO_COLOR: '1' } });
    const file = (name: string, text: string) => writeFileSync(join(kernel.folder, name), text);
    file('helper.mjs', 'export const value = 1; export default "the default";');
    file('old.cjs', 'module.exports = { answer: 3 };');
    file('data.json', '{"rows": [1, 2]}');
    mkdirSync(join(kernel.folder, 'node_modules', 'esm-only'), { recursive: true });
    file('node_modules/esm-only/package.json', '{"type": "module", "exports": {"import": "./main.js"}}');
    file('node_modules/esm-only/main.js', 'export const name = "esm-only";');
  });
  afterAll(() => kernel.close());

  const result = async (...cells: string[]) => {
    let last;
    for (const cell of cells) last = await kernel.execute(cell);
    if (last?.error) throw new Error(last.error.traceback.join('\n'));
    return last?.result;
  };

  describe('shows the value of its last expression', () => {
    it.each([
      ['1 + 1', '2'],
      ['"text"', "'text'"],
      ['({ a: [1, { b: 2 }] })', '{ a: [ 1, { b: 2 } ] }'],
      ['null', 'null'],
      ['undefined', undefined],
      ['', undefined],
      ['// only a comment', undefined],
      ['let silent = 5', undefined],
      ['await Promise.resolve(7)', '7'],
      ['const late = async () => 8; await late()', '8'],
      ['for await (const x of [1]) x', '1'],
      ['new Map([[1, 2]])', 'Map(1) { 1 => 2 }'],
      ['class Point { x = 1 }; new Point()', 'Point { x: 1 }'],
      ['10n ** 20n', '100000000000000000000n'],
      ['-0', '-0'],
      ['NaN', 'NaN'],
      ['010', '8'],
      ['Promise.resolve(3)', 'Promise { 3 }'],
    ])('%s', async (code, expected) => {
      expect(await result(code)).toBe(expected);
    });
  });

  describe('lets names be declared again', () => {
    const forms = [
      'const again = 1',
      'let again = 1',
      'var again = 1',
      'function again() {}',
      'class again {}',
    ];
    const pairs = forms.flatMap((first) => forms.map((second) => [first, second]));
    it.each(pairs)('%s, then %s', async (first, second) => {
      const name = `n${Math.random().toString(36).slice(2)}`;
      const value = second.startsWith('function') || second.startsWith('class') ? 'function' : 'number';
      const cells = [first, second, first].map((cell) => cell.replace('again', name));
      await result(...cells.slice(0, 1));
      expect(await result(cells[1] ?? '', `typeof ${name}`)).toBe(`'${value}'`);
      expect((await kernel.execute(cells[2] ?? '')).reply.status).toBe('ok');
    });

    it('but a constant stays one', async () => {
      await result('const fixed = { a: 1 }');
      expect(await result('fixed.a = 2; fixed.a')).toBe('2');
      const { error } = await kernel.execute('let other\nfixed = 3');
      expect(error?.evalue).toContain('Assignment to constant variable: fixed');
      expect(error?.traceback[0]).toMatch(/^Cell In\[\d+\]:2:1$/);
      expect(await result('((fixed) => { fixed = 4; return fixed; })(1)')).toBe('4');
      expect(await result('let fixed = 5; fixed = 6; fixed')).toBe('6');
    });
  });

  describe('imports as a file in the notebook’s folder', () => {
    it.each([
      ['import whole, { value } from "./helper.mjs"; [whole, value]', "[ 'the default', 1 ]"],
      ['import * as all from "./helper.mjs"\nall.value', '1'],
      ['import {\n  value as renamed,\n} from "./helper.mjs"\nrenamed', '1'],
      ['import "./helper.mjs"', undefined],
      ['(await import("./old.cjs")).default.answer', '3'],
      ['const load = () => import("./helper.mjs"); (await load()).value', '1'],
      ['require("./old.cjs").answer', '3'],
      ['import data from "./data.json" with { type: "json" }; data.rows', '[ 1, 2 ]'],
      ['import { name } from "esm-only"; name', "'esm-only'"],
      ['import { join } from "node:path"; join("a", "b")', "'a/b'"],
      ['path.basename("/a/b")', "'b'"],
      ['const path = 5; path', '5'],
      ['import.meta.dirname === __dirname && __dirname === process.cwd()', 'true'],
      ['export const shared = 1; export default shared + 1', '2'],
      ['export function twice(x) { return 2 * x }\ntwice(4)', '8'],
    ])('%s', async (code, expected) => {
      expect(await result(code)).toBe(expected);
    });

    it('loads a local file anew when it was edited', async () => {
      const path = join(kernel.folder, 'edited.mjs');
      writeFileSync(path, 'export const v = 1;');
      expect(await result('import { v } from "./edited.mjs"; v')).toBe('1');
      writeFileSync(path, 'export const v = 22;');
      expect(await result('import { v } from "./edited.mjs"; v')).toBe('22');
    });

    it('says which package is missing', async () => {
      const { error } = await kernel.execute('import nothing from "nothing-there"');
      expect(error?.evalue).toContain("Cannot find package 'nothing-there'");
    });
  });

  describe('may be TypeScript', () => {
    it.each([
      ['let n: number = 1; n', '1'],
      ['interface Point { x: number }\nconst p = { x: 2 } as Point\np.x', '2'],
      ['enum Colour { Red, Green = 5 }\nColour.Green', '5'],
      ['enum Colour { Red, Green = 6 }\nColour.Green', '6'],
      ['type Id = string | number\nfunction id<T extends Id>(value: T): T { return value }\nid("a")', "'a'"],
      [
        'class Box { constructor(private readonly size: number) {} get(): number { return this.size } }\nnew Box(3).get()',
        '3',
      ],
      ['const known = [1]!; known satisfies number[]; known[0]!', '1'],
    ])('%s', async (code, expected) => {
      expect(await result(code)).toBe(expected);
    });
  });

  describe('prints', () => {
    it.each([
      ['console.log("a", { b: 1 })', 'stdout', 'a { b: 1 }\n'],
      ['console.error("bad"); console.warn("hm")', 'stderr', 'bad\nhm\n'],
      ['console.group("g"); console.log("in"); console.groupEnd()', 'stdout', 'g\n  in\n'],
      ['process.stdout.write("raw"); process.stdout.write(Buffer.from(" é"))', 'stdout', 'raw é'],
      [
        'const bytes = Buffer.from("é"); for (const b of bytes) process.stdout.write(Uint8Array.of(b))',
        'stdout',
        'é',
      ],
      [
        'console.log("x".repeat(200_000).length); console.log("ä".repeat(100_000))',
        'stdout',
        `200000\n${'ä'.repeat(100_000)}\n`,
      ],
      ['await new Promise((done) => process.stdout.write("with callback", done))', 'stdout', 'with callback'],
    ])('%s', async (code, stream, expected) => {
      const { stdout, stderr } = await kernel.execute(code);
      expect(stream === 'stdout' ? stdout : stderr).toBe(expected);
    });

    it('tables and times', async () => {
      const { stdout } = await kernel.execute(
        'console.table([{ a: 1 }]); console.time("t"); console.timeEnd("t")',
      );
      expect(stdout).toMatch(/│ \(index\) │ a │/);
      expect(stdout).toMatch(/t: [\d.]+ms/);
    });
  });

  describe('shows rich values', () => {
    it.each([
      ['({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>" }) })', { 'text/html': '<b>' }],
      [
        '({ [Symbol.for("Jupyter.display")]: async () => ({ "text/markdown": "*a*" }) })',
        { 'text/markdown': '*a*' },
      ],
      ['({ toHTML: () => "<i>" })', { 'text/html': '<i>' }],
      ['({ _repr_svg_: () => "<svg/>" })', { 'image/svg+xml': '<svg/>' }],
      [`Buffer.from("${pixel}", "base64")`, { 'image/png': pixel }],
      ['Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)', { 'image/jpeg': '/9j/4A==' }],
      [`({ toDataURL: () => "data:image/png;base64,${pixel}" })`, { 'image/png': pixel }],
    ])('%s', async (code, expected) => {
      const { data } = await kernel.execute(code);
      expect(data).toMatchObject(expected);
      expect(data).toHaveProperty('text/plain');
    });

    it.each([
      ['display.html("<b>x</b>")', { 'text/html': '<b>x</b>', 'text/plain': '<b>x</b>' }],
      ['display.html`<b>${1 + 1}</b>`', { 'text/html': '<b>2</b>' }],
      ['display.svg("<svg/>")', { 'image/svg+xml': '<svg/>' }],
      ['display.markdown("# x")', { 'text/markdown': '# x' }],
      ['display.latex("$x$")', { 'text/latex': '$x$' }],
      ['display.json({ a: [1] })', { 'application/json': { a: [1] } }],
      ['display.png(Buffer.from("png"))', { 'image/png': 'cG5n' }],
      ['display({ a: 1 })', { 'text/plain': '{ a: 1 }' }],
      ['display({ "text/html": "<u>" }, { raw: true })', { 'text/html': '<u>' }],
    ])('%s', async (code, expected) => {
      const { outputs } = await kernel.execute(code);
      expect(outputs.map((one) => one.type)).toEqual(['display_data']);
      expect(outputs[0]?.content.data).toMatchObject(expected);
    });

    it('updates a display by its id, also from a later cell', async () => {
      const first = await kernel.execute('const shown = display("one"); shown.update("two")');
      const later = await kernel.execute('display("three", { id: shown.id, update: true })');
      const all = [...first.outputs, ...later.outputs];
      expect(all.map((one) => one.type)).toEqual([
        'display_data',
        'update_display_data',
        'update_display_data',
      ]);
      const ids = new Set(all.map((one) => (one.content.transient as { display_id: string }).display_id));
      expect(ids.size).toBe(1);
    });

    it('clears', async () => {
      const { outputs } = await kernel.execute('display.clear({ wait: true }); console.clear()');
      expect(outputs).toEqual([
        { type: 'clear_output', content: { wait: true } },
        { type: 'clear_output', content: { wait: false } },
      ]);
    });

    it('reports a hook that fails', async () => {
      const { error } = await kernel.execute('({ toHTML() { throw new Error("no html") } })');
      expect(error?.evalue).toBe('no html');
    });
  });

  describe('fails', () => {
    const traceback = async (code: string) => {
      const { error, reply } = await kernel.execute(code);
      expect(reply.status).toBe('error');
      expect(reply.traceback).toEqual(error?.traceback);
      return (error?.traceback ?? []).join('\n').replace(/In\[\d+\]/g, 'In[N]');
    };

    it('with its line, a caret and a stack of its own frames only', async () => {
      expect(await traceback('const a = 1;\nnull.foo()')).toBe(
        [
          'Cell In[N]:2:6',
          'null.foo()',
          '     ^',
          '',
          "TypeError: Cannot read properties of null (reading 'foo')",
          '    at Cell In[N]:2:6',
        ].join('\n'),
      );
    });

    it('with the frames of several cells and of awaits', async () => {
      await kernel.execute('function inner() { throw new RangeError("deep") }');
      expect(await traceback('async function outer() { await null; inner() }\nawait outer()')).toMatch(
        /RangeError: deep\n {4}at inner \(Cell In\[N\]:1:26\)\n {4}at outer \(Cell In\[N\]:1:38\)\n {4}at async Cell In\[N\]:2:1$/,
      );
    });

    it('with its cause and properties', async () => {
      const text = await traceback(
        'throw Object.assign(new Error("x", { cause: new Error("why") }), { code: 5 })',
      );
      expect(text).toContain('[cause]: Error: why');
      expect(text).toContain('code: 5');
      expect(text).not.toMatch(/node:|javascript-kernel|nbserver-kernel/);
    });

    it('with a caret where the syntax breaks', async () => {
      expect(await traceback('let x = 1;\nfoo bar')).toBe(
        ['Cell In[N]:2:5', 'foo bar', '    ^', '', 'SyntaxError: Unexpected token'].join('\n'),
      );
      expect(await traceback('if (x {')).toContain('SyntaxError');
      expect(await traceback('const s = `')).toContain('SyntaxError: Unterminated template');
    });

    it.each([
      ['throw "text"', 'Uncaught', 'text'],
      ['throw { code: 5 }', 'Uncaught', '{ code: 5 }'],
      ['await Promise.reject(new SyntaxError("mine"))', 'SyntaxError', 'mine'],
      ['class MyError extends Error { name = "MyError" }; throw new MyError("own")', 'MyError', 'own'],
      ['eval("1 +")', 'SyntaxError', 'Unexpected end of input'],
      [
        'throw { get stack() { throw 1 }, toString() { throw 2 } }',
        'Uncaught',
        '{ stack: [Getter], toString: [Function: toString] }',
      ],
      [
        'throw Object.defineProperty(new Error("x"), "message", { get() { throw 1 } })',
        'Error',
        'an error that cannot be shown',
      ],
    ])('%s', async (code, ename, evalue) => {
      const { error } = await kernel.execute(code);
      expect({ ename: error?.ename, evalue: error?.evalue }).toEqual({ ename, evalue });
    });

    it('in a line with types at the right line', async () => {
      expect(await traceback('let t: number = 1\nthrow new Error("typed")')).toContain('at Cell In[N]:2:7');
    });

    it('and results that are errors show no frames of ours, either', async () => {
      const shown = await kernel.execute('new Error("kept")');
      expect(shown.result?.replace(/In\[\d+\]/, 'In[N]')).toBe('Error: kept\n    at Cell In[N]:1:1');
    });
  });

  it('may take any name, also those that the kernel needs itself', async () => {
    const own = await KernelClient.start({ env: { NO_COLOR: '1' } });
    try {
      const names =
        'Array Buffer Error JSON Map Math Number Object Promise Reflect RegExp Set String Symbol URL WeakMap';
      for (const name of [
        ...names.split(' '),
        'console',
        'process',
        'setImmediate',
        'setTimeout',
        'Atomics',
      ]) {
        const { reply } = await own.execute(`class ${name} { mine() {} }; let typed: number = 1;`);
        expect(reply.status, name).toBe('ok');
      }
      expect((await own.execute('new Map()')).result).toBe('Map {}');
      expect(
        (
          await own.execute(
            'globalThis.console.log("still here"); fs.promises.stat("/").then(() => 1); await 1',
          )
        ).stdout,
      ).toBe('still here\n');
      expect((await own.execute('null.x')).error?.evalue).toContain('null');
      expect(
        await own.request('shell', 'complete_request', { code: 'globalThis.Ma', cursor_pos: 13 }),
      ).toMatchObject({ matches: ['Map', 'Math'] });
      const id = own.executeNow('globalThis.console.log("begun"); for (;;);');
      await own.find((one) => one.parent === id && one.type === 'stream');
      await own.request('control', 'interrupt_request');
      expect((await own.done(id)).reply.ename).toBe('Interrupted');
    } finally {
      await own.close();
    }
  });

  it('colours as on a terminal, unless NO_COLOR is set', async () => {
    const coloured = await KernelClient.start({ env: { NO_COLOR: '' } });
    try {
      expect((await coloured.execute('"a"')).result).toBe("\x1b[32m'a'\x1b[39m");
      expect((await coloured.execute('console.log({ a: 1 })')).stdout).toBe('{ a: \x1b[33m1\x1b[39m }\n');
      expect((await coloured.execute('throw new Error("x")')).error?.traceback.join('\n')).toContain(
        '\x1b[31mError\x1b[39m: x',
      );
    } finally {
      await coloured.close();
    }
  });
});
