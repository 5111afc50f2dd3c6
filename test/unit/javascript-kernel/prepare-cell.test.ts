import { describe, expect, it } from 'vitest';
import { CellSyntaxError, prepareCell } from '../../../src/javascript-kernel/prepare-cell.js';
import type { BoundNames } from '../../../src/javascript-kernel/rewrite-declarations.js';

const fresh: BoundNames = { isLexical: () => false, isVariable: () => false };
const prepare = (code: string, bound = fresh) => prepareCell(code, bound, new Set()).code;
const load = 'await __nbserver_import';

describe('prepareCell', () => {
  it.each([
    ['1 + 1', '1 + 1'],
    ['const a = 1', 'let   a = 1'],
    ['for (const a of b) { const c = a }', 'for (const a of b) { const c = a }'],
    ['import "x"', `void (${load}("x"));`],
    ['import a from "x"', `let { default: a } = ${load}("x");`],
    ['import a, { b, c as d } from "x";', `let { default: a, b: b, c: d } = ${load}("x");`],
    ['import * as a from "x"', `let a = ${load}("x");`],
    ['import a, * as b from "x"', `let b = ${load}("x"), { default: a } = b;`],
    ['import { "odd name" as a } from "x"', `let { "odd name": a } = ${load}("x");`],
    [
      'import a from "x" with { type: "json" }',
      `let { default: a } = ${load}("x", { with: { type: "json" } });`,
    ],
    ['import {\n  a,\n} from "x"\nb', `let { a: a } = ${load}("x");\n\n\nb`],
    ['f(() => import("x"))', 'f(() => __nbserver_import("x"))'],
    ['import.meta.url', '__nbserver_import_meta.url'],
    ['export const a = 1', 'let   a = 1'],
    ['export default 1 + 1', '(1 + 1);'],
    ['export default class A {}', 'class A {}'],
    ['export { a, b }', ';'],
    ['export * from "x"', `void (${load}("x"));`],
    ['"import a from b" // import c', '"import a from b" // import c'],
  ])('%s', (code, expected) => {
    expect(prepare(code)).toBe(expected);
  });

  it('keeps lines where they are when types are stripped', () => {
    const lines = prepare('interface A {\n  a: number;\n}\nlet b: A = { a: 1 };\nthrow b').split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[4]).toBe('throw b');
  });

  it('follows the binding that a name has', () => {
    const lexical = { isLexical: (name: string) => name === 'a', isVariable: () => false };
    expect(prepare('var a = 1', lexical)).toBe('let a = 1');
    expect(prepare('function a() {}', lexical)).toBe('let a = function a() {};');
    const variable = { isLexical: () => false, isVariable: (name: string) => name === 'a' };
    expect(prepare('const { b: [a = 1] } = c', variable)).toBe('var   { b: [a = 1] } = c');
    expect(prepare('class a {}', variable)).toBe('var a = class a {};');
  });

  it.each([
    ['const a = 1; a = 2', 1, 13],
    ['const a = 1;\na++', 2, 0],
    ['const a = 1;\n[b, { c: a }] = d', 2, 0],
    ['const a = 1;\nfor (a of []) ;', 2, 5],
    ['import a from "x"; a = 1', 1, 19],
  ])('refuses to assign to a constant: %s', (code, line, column) => {
    expect(() => prepare(code)).toThrowError(expect.objectContaining({ line, column }) as Error);
  });

  it.each([
    'const a = 1; a.b = 2',
    'const a = 1; function f(a) { a = 2 }',
    'const a = 1; { let a; a = 2 }',
    'const a = 1; try {} catch (a) { a = 2 }',
    'let a = 1; a = 2',
  ])('lets %s pass', (code) => {
    expect(() => prepare(code)).not.toThrow();
  });

  it.each([
    ['let a = 1 +', true, 'Unexpected end of input'],
    ['if (a) {', true, 'Unexpected end of input'],
    ['a b', false, 'Unexpected token'],
    ['let x: = 3', false, 'Unexpected token'],
    ['`a', true, 'Unterminated template'],
    ['let a; let a', false, "Identifier 'a' has already been declared"],
  ])('%s: incomplete %s', (code, incomplete, message) => {
    const error = (() => {
      try {
        return prepare(code);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(CellSyntaxError);
    expect(error).toMatchObject({ incomplete, message: expect.stringContaining(message) as string });
  });
});
