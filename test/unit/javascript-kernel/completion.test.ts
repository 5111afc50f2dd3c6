import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client.js';

/** `|` marks the cursor; Jupyter counts it in code points. */
function atCursor(marked: string): { code: string; cursor_pos: number } {
  const [before = '', after = ''] = marked.split('|');
  return { code: before + after, cursor_pos: [...before].length };
}

describe('looking things up in the JavaScript kernel', () => {
  let kernel: KernelClient;
  beforeAll(async () => {
    kernel = await KernelClient.start();
    await kernel.execute(`
      const zebra = { stripes: 30, run() {}, 'not-a-name': 1, get danger() { globalThis.touched = true; return { a: 1 } } };
      let zoo = [zebra];
      class Zookeeper { constructor(name, age = 3) {} feed() {} }
      function zSideEffect() { globalThis.touched = true; return zebra }
      var größe = 1;`);
  });
  afterAll(() => kernel.close());

  it.each([
    ['zeb|', ['zebra'], 0, 3],
    ['zebra.str|', ['stripes'], 6, 9],
    ['zebra?.r|', ['run'], 7, 8],
    ['zoo[0].str|', ['stripes'], 7, 10],
    ['"text".toUpperC|', ['toUpperCase'], 7, 15],
    ['[1, 2].flatM|', ['flatMap'], 7, 12],
    ['new Map().siz|', ['size'], 10, 13],
    ['const zany = 1; zan|', ['zany'], 16, 19],
    ['"😀"; zebra.str|', ['stripes'], 11, 14],
    ['😀 zebra.str|', ['stripes'], 8, 11],
    ['grö|', ['größe'], 0, 3],
    ['Zookeeper.prototype.fe|', ['feed'], 20, 22],
    ['zeb| + 1', ['zebra'], 0, 3],
    ['inst|', ['instanceof'], 0, 4],
    ['`${zebra.str|', ['stripes'], 9, 12],
    ['globalThis.structuredCl|', ['structuredClone'], 11, 23],
  ])('completes %s', async (marked, matches, start, end) => {
    const reply = await kernel.request('shell', 'complete_request', atCursor(marked));
    expect(reply).toMatchObject({ status: 'ok', matches, cursor_start: start, cursor_end: end });
  });

  it.each([
    '"zeb|',
    '// zeb|',
    '/* zebra.|',
    '12.|',
    'nowhere.|',
    'zSideEffect().str|',
    'zebra.danger.|',
    '`zeb|',
  ])('finds nothing and touches nothing in %s', async (marked) => {
    const reply = await kernel.request('shell', 'complete_request', atCursor(marked));
    expect(reply).toMatchObject({ status: 'ok', matches: [] });
    expect((await kernel.execute('globalThis.touched === undefined')).result).toContain('true');
  });

  it('lists what the notebook made on a bare Tab, and what it is', async () => {
    const reply = await kernel.request('shell', 'complete_request', { code: '', cursor_pos: 0 });
    expect(reply.matches).toEqual(expect.arrayContaining(['zebra', 'zoo', 'Zookeeper', 'größe']));
    expect(reply.matches).not.toContain('setTimeout');
    const members = await kernel.request('shell', 'complete_request', atCursor('zebra.|'));
    expect((members.matches as string[]).slice(0, 3)).toEqual(['danger', 'run', 'stripes']);
    const { _jupyter_types_experimental: types } = members.metadata as Record<
      string,
      { text: string; type: string }[]
    >;
    expect(types?.find((one) => one.text === 'run')?.type).toBe('function');
  });

  const inspected = async (marked: string, detail = 0) => {
    const reply = await kernel.request('shell', 'inspect_request', {
      ...atCursor(marked),
      detail_level: detail,
    });
    const text = (reply.data as Record<string, string>)['text/plain'];
    return reply.found ? stripVTControlCharacters(text ?? '') : undefined;
  };

  it('shows a signature, the doc comment and, on demand, the source', async () => {
    await kernel.execute(
      '/**\n * Adds two numbers.\n * @param a the first\n */\nfunction add(a, b = 2) { return a + b }',
    );
    for (const marked of ['add|', 'a|dd(1)', 'add(|', 'add(1, [2|', 'x = add(3, |)']) {
      expect(await inspected(marked), marked).toBe(
        'Signature: add(a, b = 2)\nDocs: Adds two numbers.\n@param a the first\nType: Function',
      );
    }
    expect(await inspected('add|', 1)).toContain('Source: \nfunction add(a, b = 2) { return a + b }');
  });

  it.each([
    ['zebra.stri|pes', 'Type: number\nValue: 30'],
    ['Zookeeper|', 'Class: Zookeeper(name, age = 3)\nType: Function'],
    ['zoo|', 'Type: Array\nLength: 1\nValue: [\n  {\n    stripes: 30'],
    ['Math.max|', 'Signature: max(2 arguments) [native]'],
  ])('inspects %s', async (marked, text) => {
    expect(await inspected(marked)).toContain(text);
  });

  it.each(['nowhere|', 'zSideEffect()|.x', '|', '"zebra|"'])('finds nothing at %s', async (marked) => {
    expect(await inspected(marked)).toBeUndefined();
  });

  it.each([
    ['1 + 1', 'complete', ''],
    ['if (x) {', 'incomplete', '  '],
    ['f(', 'incomplete', '  '],
    ['const a = [1,\n  {', 'incomplete', '    '],
    ['`open', 'incomplete', ''],
    ['/* open', 'incomplete', ''],
    ['interface A {', 'incomplete', '  '],
    ['let a: number = 1', 'complete', ''],
    ['await x', 'complete', ''],
    ['import a from "b"', 'complete', ''],
    ['a b', 'invalid', ''],
    ['"open', 'invalid', ''],
    [')', 'invalid', ''],
  ])('calls %j %s', async (code, status, indent) => {
    expect(await kernel.request('shell', 'is_complete_request', { code })).toEqual({ status, indent });
  });
});
