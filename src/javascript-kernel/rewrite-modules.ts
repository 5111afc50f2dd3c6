/**
 * Rewrites `import` and `export`, which V8 accepts only in modules, so that a cell may hold them.
 *
 * Static imports become `let {…} = await importer(…)` at their place; `import()` becomes a call of the same importer,
 * because code evaluated through the inspector has no loader of its own (ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING).
 */
import type { AnyNode, ExportNamedDeclaration, ImportDeclaration, Program } from 'acorn';
import type { Edit } from './text-edits.js';
import { walk } from './walk-syntax.js';

/** Globals that the rewritten code calls; `modules.ts` provides them. */
export const importerName = '__nbserver_import';
export const metaName = '__nbserver_import_meta';

export function rewriteModules(program: Program, source: string): Edit[] {
  const edits: Edit[] = [];
  walk(program, (node) => {
    const edit = rewrite(node, source);
    if (edit) edits.push(...edit);
  });
  return edits;
}

function rewrite(node: AnyNode, source: string): Edit[] | undefined {
  const text = (part: { start: number; end: number }) => source.slice(part.start, part.end);
  switch (node.type) {
    case 'ImportDeclaration':
      return [{ start: node.start, end: node.end, text: importText(node, text) }];
    case 'ImportExpression':
      return [{ start: node.start, end: node.start + 'import'.length, text: importerName }];
    case 'MetaProperty':
      return node.meta.name === 'import' ? [{ start: node.start, end: node.end, text: metaName }] : undefined;
    case 'ExportNamedDeclaration':
      return exportEdits(node, text);
    case 'ExportDefaultDeclaration': {
      const named = 'id' in node.declaration && node.declaration.id;
      const to = node.declaration.start;
      // An anonymous default export is the value of the cell; a named one is an ordinary declaration.
      if (named) return [{ start: node.start, end: to, text: '' }];
      return [
        { start: node.start, end: to, text: '(' },
        { start: node.declaration.end, end: node.end, text: ');' },
      ];
    }
    case 'ExportAllDeclaration':
      return [
        { start: node.start, end: node.end, text: `void (await ${importerName}(${text(node.source)}));` },
      ];
    default:
      return undefined;
  }
}

type TextOf = (part: { start: number; end: number }) => string;

function importText(node: ImportDeclaration, text: TextOf): string {
  const attributes = node.attributes.map((one) => `${text(one.key)}: ${text(one.value)}`).join(', ');
  const options = attributes ? `, { with: { ${attributes} } }` : '';
  const load = `await ${importerName}(${text(node.source)}${options})`;
  // Without `void` the module would be shown as the value of the cell.
  if (node.specifiers.length === 0) return `void (${load});`;
  const names: string[] = [];
  let namespace: string | undefined;
  for (const one of node.specifiers) {
    if (one.type === 'ImportNamespaceSpecifier') namespace = one.local.name;
    else if (one.type === 'ImportDefaultSpecifier') names.push(`default: ${one.local.name}`);
    else names.push(`${text(one.imported)}: ${one.local.name}`);
  }
  if (namespace === undefined) return `let { ${names.join(', ')} } = ${load};`;
  const rest = names.length > 0 ? `, { ${names.join(', ')} } = ${namespace}` : '';
  return `let ${namespace} = ${load}${rest};`;
}

function exportEdits(node: ExportNamedDeclaration, text: TextOf): Edit[] {
  if (node.declaration) return [{ start: node.start, end: node.declaration.start, text: '' }];
  const load = node.source ? `void (await ${importerName}(${text(node.source)}));` : ';';
  return [{ start: node.start, end: node.end, text: load }];
}
