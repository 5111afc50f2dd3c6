/**
 * Lets a cell declare a name again with another keyword: `var x` after `let x`, `const f` after `function f`.
 *
 * V8's prompt mode allows `const` after `let`, but a name that is lexical stays lexical and a global variable stays one
 * ("Identifier 'x' has already been declared"). A notebook is edited and run again all the time, so the
 * declaration is rewritten to the kind that the name already has.
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
  return program.body.flatMap((statement) => {
    const declaration =
      statement.type === 'ExportNamedDeclaration' && statement.declaration
        ? statement.declaration
        : statement;
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

function variableEdits(node: VariableDeclaration, bound: BoundNames): Edit[] {
  const names = node.declarations.flatMap((one) => boundBy(one.id));
  const to =
    node.kind === 'var'
      ? names.some((name) => bound.isLexical(name)) && 'let'
      : names.some((name) => bound.isVariable(name)) && 'var';
  if (!to) return [];
  // Padded to the same length: columns in error messages stay right.
  return [{ start: node.start, end: node.start + node.kind.length, text: to.padEnd(node.kind.length) }];
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
