/** Answers `inspect_request` (Shift-Tab): signature, doc comment, a short value, and the source on demand. */
import { inspect } from 'node:util';
import type { InspectReplyContent } from '../protocol/kernel-messages.js';
import { utf16Index } from './code-points.js';
import type { Evaluator } from './evaluator.js';
import { expressionAround } from './expression-at.js';

const nothing: InspectReplyContent = { status: 'ok', found: false, data: {}, metadata: {} };

/**
 * @param cursor   in code points
 * @param detail   1: with the source
 * @param sources  what earlier cells contained, newest last: doc comments are found there
 */
export function inspectAt(
  code: string,
  cursor: number,
  detail: number,
  evaluator: Evaluator,
  sources: readonly string[],
): InspectReplyContent {
  const expression = expressionAround(code, utf16Index(code, cursor));
  const looked = expression === undefined ? undefined : evaluator.look(expression);
  if (!looked || expression === undefined) return nothing;
  const described = evaluator.guard(() => describe(expression, looked.value, detail, sources));
  if (described.status !== 'ok') return nothing;
  return { status: 'ok', found: true, data: { 'text/plain': described.value }, metadata: {} };
}

function describe(expression: string, value: unknown, detail: number, sources: readonly string[]): string {
  const label = (name: string) => `\x1b[31m${name}:\x1b[39m `;
  const parts: string[] = [];
  if (typeof value === 'function') {
    const source = Function.prototype.toString.call(value);
    const isClass = /^class\b/.test(source);
    parts.push(label(isClass ? 'Class' : 'Signature') + signature(expression, value, source));
    const doc = value.name ? docComment(value.name, sources) : undefined;
    if (doc) parts.push(label('Docs') + doc);
    parts.push(label('Type') + (Object.prototype.toString.call(value).slice(8, -1) || 'Function'));
    if (detail > 0 && !/\{ \[native code\] \}$/.test(source)) parts.push(`${label('Source')}\n${source}`);
    return parts.join('\n');
  }
  parts.push(label('Type') + typeName(value));
  if (typeof value === 'string' || Array.isArray(value)) parts.push(label('Length') + value.length);
  if (value instanceof Map || value instanceof Set) parts.push(label('Size') + value.size);
  const text = inspect(value, {
    colors: true,
    depth: detail > 0 ? 4 : 1,
    maxArrayLength: detail > 0 ? 100 : 20,
    maxStringLength: 2000,
  });
  parts.push(label('Value') + text);
  return parts.join('\n');
}

/** `name(a, b = 1)`, from the head of the source; native functions only tell how many arguments they take. */
function signature(expression: string, value: object, source: string): string {
  const name = expression.split(/\?*\./).at(-1) ?? expression;
  if (/\{ \[native code\] \}$/.test(source)) {
    const count = Number(Reflect.get(value, 'length'));
    return `${name}(${count > 0 ? `${count} argument${count > 1 ? 's' : ''}` : ''}) [native]`;
  }
  const isClass = /^class\b/.test(source);
  const heritage = isClass ? (/^class\s*[^\s{]*(\s+extends\s+[^{]+)?/.exec(source)?.[1] ?? '') : '';
  const from = isClass ? (/\bconstructor\s*(?=\()/.exec(source)?.index ?? -1) : 0;
  const parameters = from < 0 ? '()' : parameterList(source.slice(from));
  return `${/^async\b/.test(source) ? 'async ' : ''}${name}${parameters}${heritage.trimEnd()}`;
}

function parameterList(source: string): string {
  const open = source.indexOf('(');
  const arrow = source.indexOf('=>');
  if (open < 0 || (arrow >= 0 && arrow < open))
    return `(${source.slice(0, arrow).replace('async', '').trim()})`;
  let depth = 0;
  for (let i = open; i < source.length; i++) {
    if ('([{'.includes(source.charAt(i))) depth++;
    else if (')]}'.includes(source.charAt(i)) && --depth === 0) {
      return source.slice(open, i + 1).replace(/\s+/g, ' ');
    }
  }
  return '(…)';
}

/** The text of the doc comment before the newest definition of `name`. */
function docComment(name: string, sources: readonly string[]): string | undefined {
  const escaped = name.replace(/[$]/g, '\\$&');
  const definition = new RegExp(
    String.raw`/\*\*((?:[^*]|\*(?!/))*)\*/\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\s*\*?|class|const|let|var)\s+${escaped}\b`,
  );
  for (const source of [...sources].reverse()) {
    const comment = definition.exec(source)?.[1];
    if (comment === undefined) continue;
    const lines = comment.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trimEnd());
    return lines.join('\n').trim();
  }
  return undefined;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  const constructor: unknown = Reflect.get(value, 'constructor');
  return typeof constructor === 'function' && constructor.name ? constructor.name : 'object (no prototype)';
}
