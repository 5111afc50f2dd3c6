/**
 * Lets a cell declare a name again with any keyword: `let x` after `const x`, `var x` after `let x`, `const f` after
 * `function f`.
 *
 * V8's prompt mode allows a second `const` after `const` and `let` after `let`, and no other mix ("Identifier 'x' has
 * already been declared"). A notebook is edited and run again all the time, so top-level `const` becomes `let`
 * (`constants.ts` watches over assignments), and a name keeps the kind of binding, lexical or global, that it has.
 */
import type { AnyNode, Pattern, Program, VariableDeclaration } from 'acorn';
import type { Edit } from './text-edits.js';

export interface BoundNames {
  /** declared by `let`, `const`, `class` or `import` of an earlier cell */
  isLexical(name: string): boolean;
  /** declared by `var` or `function` of an earlier cell (a global that cannot be deleted) */
  isVariable(name: string): boolean;
}

export function rewriteDeclarations(program: Program, bound: BoundNames): Edit[] {
  return topLevelDeclarations(program).flatMap((declaration) => {
    switch (declaration.type) {
      case 'VariableDeclaration':
        return variableEdits(declaration, bound);
      case 'FunctionDeclaration':
        return bound.isLexical(declaration.id.name) ? assigned('let', declaration, declaration.id.name) : [];
      case 'ClassDeclaration':
        return bound.isVariable(declaration.id.name) ? assigned('var', declaration, declaration.id.name) : [];
      default:
        return [];
    }
  });
}

/** The statements of a cell, with `export const x` as its declaration. */
export function topLevelDeclarations(program: Program): Program['body'] {
  return program.body.map((statement) =>
    statement.type === 'ExportNamedDeclaration' && statement.declaration ? statement.declaration : statement,
  );
}

function variableEdits(node: VariableDeclaration, bound: BoundNames): Edit[] {
  const names = node.declarations.flatMap((one) => boundBy(one.id));
  let keyword: string = node.kind === 'const' ? 'let' : node.kind;
  if (node.kind !== 'var' && names.some((name) => bound.isVariable(name))) keyword = 'var';
  if (node.kind === 'var' && names.some((name) => bound.isLexical(name))) keyword = 'let';
  if (keyword === node.kind) return [];
  // Padded to the same length: columns in error messages stay right.
  return [{ start: node.start, end: node.start + node.kind.length, text: keyword.padEnd(node.kind.length) }];
}

/** `function f() {}` → `let f = function f() {};` */
function assigned(keyword: string, node: { start: number; end: number }, name: string): Edit[] {
  return [
    { start: node.start, end: node.start, text: `${keyword} ${name} = ` },
    { start: node.end, end: node.end, text: ';' },
  ];
}

/** The names that a pattern declares. */
export function boundBy(pattern: Pattern): string[] {
  const node: AnyNode = pattern;
  switch (node.type) {
    case 'Identifier':
      return [node.name];
    case 'ObjectPattern':
      return node.properties.flatMap((one) =>
        one.type === 'Property' ? boundBy(one.value) : boundBy(one.argument),
      );
    case 'ArrayPattern':
      return node.elements.flatMap((one) => (one ? boundBy(one) : []));
    case 'RestElement':
      return boundBy(node.argument);
    case 'AssignmentPattern':
      return boundBy(node.left);
    default:
      return [];
  }
}
