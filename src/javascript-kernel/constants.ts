/**
 * Finds assignments to names that were declared with `const`, in this cell or an earlier one, before the cell runs.
 *
 * For V8 these names are `let` (see `rewrite-declarations.ts`), so it would not say a word.
 */
import type { AnyNode, Pattern, Program } from 'acorn';
import { boundBy, topLevelDeclarations } from './rewrite-declarations.js';
import { walk } from './walk-syntax.js';

export interface ConstantAssignment {
  name: string;
  /** line from 1, column from 0 */
  line: number;
  column: number;
}

/** Which names are constant after the cell: `const` and `import` add, any other declaration removes. */
export function constantsAfter(program: Program, before: ReadonlySet<string>): Set<string> {
  const constants = new Set(before);
  for (const node of topLevelDeclarations(program)) {
    if (node.type === 'VariableDeclaration') {
      for (const name of node.declarations.flatMap((one) => boundBy(one.id))) {
        if (node.kind === 'const') constants.add(name);
        else constants.delete(name);
      }
    } else if (node.type === 'ImportDeclaration') {
      for (const one of node.specifiers) constants.add(one.local.name);
    } else if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
      constants.delete(node.id.name);
    }
  }
  return constants;
}

/** The first assignment to one of `constants`. A name that the cell also declares inside a function or block is left alone. */
export function constantAssignment(
  program: Program,
  constants: ReadonlySet<string>,
): ConstantAssignment | undefined {
  const inner = innerNames(program);
  let found: ConstantAssignment | undefined;
  walk(program, (node) => {
    for (const target of assignedBy(node)) {
      for (const name of boundBy(target)) {
        if (found || !constants.has(name) || inner.has(name)) continue;
        found = { name, line: target.loc?.start.line ?? 1, column: target.loc?.start.column ?? 0 };
      }
    }
  });
  return found;
}

function assignedBy(node: AnyNode): Pattern[] {
  if (node.type === 'AssignmentExpression') return [node.left];
  if (node.type === 'UpdateExpression') return node.argument.type === 'Identifier' ? [node.argument] : [];
  const isLoop = node.type === 'ForInStatement' || node.type === 'ForOfStatement';
  return isLoop && node.left.type !== 'VariableDeclaration' ? [node.left] : [];
}

/** Names that are declared below the top level: parameters, local variables, caught errors. */
function innerNames(program: Program): Set<string> {
  const outer = new Set<AnyNode>(topLevelDeclarations(program));
  const names = new Set<string>();
  const add = (patterns: (Pattern | null | undefined)[]) => {
    for (const pattern of patterns) if (pattern) boundBy(pattern).forEach((name) => names.add(name));
  };
  walk(program, (node) => {
    if ('params' in node) add(node.params);
    if (node.type === 'CatchClause') add([node.param]);
    if (outer.has(node)) return;
    if (node.type === 'VariableDeclaration') add(node.declarations.map((one) => one.id));
    if ('id' in node && node.type !== 'VariableDeclarator') add([node.id]);
  });
  return names;
}
