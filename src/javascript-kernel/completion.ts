/** Answers `complete_request`: members of live values, names of this cell and of earlier ones, globals and keywords. */
import { tokTypes } from 'acorn';
import type { CompleteReplyContent } from '../protocol/kernel-messages.js';
import { codePointLength, utf16Index } from './code-points.js';
import type { Evaluator } from './evaluator.js';
import { chainBefore, readTokens } from './expression-at.js';

type Kind = 'function' | 'class' | 'property' | 'instance' | 'keyword' | 'module';

const keywords =
  'async await break case catch class const continue debugger default delete do else export extends false finally for function if import in instanceof let new null of return static super switch this throw true try typeof undefined var void while with yield'.split(
    ' ',
  );
const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;
const ownNames = /^__nbserver_/;
const mostMatches = 1000;
/** What Node brings; a bare Tab lists what the notebook made. */
const builtIn = new Set(Object.getOwnPropertyNames(globalThis));

/** @param cursor  in code points, as are the positions of the answer (protocol 5.2) */
export function complete(code: string, cursor: number, evaluator: Evaluator): CompleteReplyContent {
  const at = utf16Index(code, cursor);
  const chain = chainBefore(code, at);
  const found = chain ? candidates(chain.object, chain.name, code, at, evaluator) : new Map<string, Kind>();
  const matches = [...found.keys()].filter((name) => !ownNames.test(name)).slice(0, mostMatches);
  const start = codePointLength(code.slice(0, chain?.start ?? at));
  const end = codePointLength(code.slice(0, at));
  const types = matches.map((text) => ({ text, start, end, type: found.get(text) ?? 'instance' }));
  return {
    status: 'ok',
    matches,
    cursor_start: start,
    cursor_end: end,
    metadata: { _jupyter_types_experimental: types },
  };
}

function candidates(
  object: string | undefined,
  typed: string,
  code: string,
  at: number,
  evaluator: Evaluator,
): Map<string, Kind> {
  const found = new Map<string, Kind>();
  const add = (name: string, kind: Kind) => {
    if (name.startsWith(typed) && !found.has(name)) found.set(name, kind);
  };
  if (object !== undefined) {
    const looked = evaluator.look(object);
    if (looked) evaluator.guard(() => eachMember(looked.value, add));
    return found;
  }
  for (const name of evaluator.lexicalNames().sort()) add(name, 'instance');
  for (const token of readTokens(code)) {
    // The word under the cursor is what is being completed.
    if (token.type === tokTypes.name && token.end !== at) add(code.slice(token.start, token.end), 'instance');
  }
  if (typed === '') {
    evaluator.guard(() =>
      Object.keys(globalThis).forEach((name) => !builtIn.has(name) && add(name, 'instance')),
    );
    return found;
  }
  evaluator.guard(() => eachMember(globalThis, add));
  for (const word of keywords) add(word, 'keyword');
  return found;
}

/** Own and inherited property names that can be written after a dot, near ones first. */
function eachMember(value: unknown, add: (name: string, kind: Kind) => void): void {
  if (value === null || value === undefined) return;
  const plain = Object.prototype as object;
  for (let owner = Object(value) as object | null; owner; owner = Reflect.getPrototypeOf(owner)) {
    // What every object inherits comes last, and only where somebody types its name.
    const descriptors = Object.getOwnPropertyDescriptors(owner);
    for (const name of Object.keys(descriptors).sort()) {
      if (!identifier.test(name) || (owner === plain && name.startsWith('__'))) continue;
      const member: unknown = descriptors[name]?.value;
      const isClass =
        typeof member === 'function' && /^class\b/.test(Function.prototype.toString.call(member));
      add(name, isClass ? 'class' : typeof member === 'function' ? 'function' : 'property');
    }
  }
}
