/**
 * What is wrong with a notebook's structure, each problem with its place, by the schemas of nbformat 4.0 to 4.5.
 * A notebook with problems is still opened and saved; its reader is told.
 *
 * The schema of a cell is chosen by its `cell_type` and that of an output by its `output_type`: asked which of all
 * kinds it is, a validator can only say that it is none of them. (The schemas are large, so this module is not part of
 * `index.ts`: who needs it loads it.)
 */
import { isObject } from './cell-format.js';
import { validators, type Part, type ValidationError } from './schemas/validators.js';
import type { JsonObject, JsonValue } from './types.js';

export interface NotebookProblem {
  /** JSON pointer: `/cells/5/outputs/0` */
  path: string;
  /** what is wrong there, without the path */
  problem: string;
}

const CELL_TYPES = ['code', 'markdown', 'raw'] as const;
const OUTPUT_TYPES = ['execute_result', 'display_data', 'stream', 'error'] as const;
const LATEST_MINOR = 5;

/** Looks at a notebook piece by piece, so that a large one need not be in memory as a whole. */
export class NotebookCheck {
  readonly problems: NotebookProblem[] = [];
  readonly #limit: number;
  readonly #minor: number;
  readonly #schemas: Record<Part, (typeof validators)[number][Part]>;
  readonly #ids = new Set<JsonValue>();

  /**
   * @param frame  the notebook's own fields; `cells` may be any list in it
   * @param limit  so many problems are looked for
   */
  constructor(frame: JsonObject, limit = 20) {
    this.#limit = limit;
    const minor = frame['nbformat_minor'];
    this.#minor = typeof minor === 'number' && Number.isInteger(minor) && minor >= 0 ? minor : LATEST_MINOR;
    const schemas = validators[Math.min(this.#minor, LATEST_MINOR + 1)];
    if (schemas === undefined) throw new Error(`There is no schema for nbformat 4.${this.#minor}`);
    this.#schemas = schemas;
    this.#judge('notebook', frame, '');
  }

  /** @param cell joined or as in the file; its long texts may be left out, but not its id */
  cell(cell: JsonValue | undefined, index: number): void {
    if (this.problems.length >= this.#limit) return;
    const path = `/cells/${index}`;
    if (!isObject(cell)) return this.#report(path, 'a cell must be an object');
    const kind = this.#kind(cell, 'cell_type', CELL_TYPES, path);
    if (kind === undefined) return;
    this.#judge(kind, cell, path);
    if (this.#minor >= 5) this.#checkUnique(cell['id'], `${path}/id`);
    if (kind !== 'code' || !Array.isArray(cell['outputs'])) return;
    cell['outputs'].forEach((output, i) => this.#output(output, `${path}/outputs/${i}`));
  }

  /** The sentence that clients show: the first problem, and how many more there are. */
  get message(): string | undefined {
    const [first] = this.problems;
    if (first === undefined) return undefined;
    const others = this.problems.length - 1;
    const isAll = this.problems.length < this.#limit;
    const more = others > 0 ? ` (and ${isAll ? '' : 'at least '}${others} more)` : '';
    return `Notebook validation failed: ${first.path || '/'}: ${first.problem}${more}`;
  }

  #output(output: JsonValue, path: string): void {
    if (!isObject(output)) return this.#report(path, 'an output must be an object');
    const kind = this.#kind(output, 'output_type', OUTPUT_TYPES, path);
    if (kind !== undefined) this.#judge(kind, output, path);
  }

  #kind<K extends Part>(value: JsonObject, field: string, kinds: readonly K[], path: string): K | undefined {
    const type = value[field];
    const kind = kinds.find((one) => one === type);
    // a later format may know more of them
    if (kind !== undefined || (this.#minor > LATEST_MINOR && typeof type === 'string')) return kind;
    const names = kinds.map((one) => `"${one}"`);
    const wanted = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
    this.#report(`${path}/${field}`, `must be ${wanted}, not ${show(type)}`);
    return undefined;
  }

  #judge(part: Part, value: JsonObject, path: string): void {
    const validator = this.#schemas[part];
    if (validator(value)) return;
    // where several forms are allowed, the last error sums up those of each form
    const error = validator.errors?.at(-1);
    if (error !== undefined) this.#report(path + error.instancePath, sentence(error, this.#minor));
  }

  #checkUnique(id: JsonValue | undefined, path: string): void {
    if (typeof id !== 'string') return;
    if (this.#ids.has(id)) this.#report(path, `is used by an earlier cell too: ${show(id)}`);
    this.#ids.add(id);
  }

  #report(path: string, problem: string): void {
    if (this.problems.length < this.#limit) this.problems.push({ path, problem });
  }
}

/** @param notebook joined or as in the file */
export function checkNotebook(notebook: unknown, limit = 20): Pick<NotebookCheck, 'problems' | 'message'> {
  if (!isObject(notebook)) {
    const problem = 'a notebook must be an object';
    return { problems: [{ path: '', problem }], message: `Notebook validation failed: /: ${problem}` };
  }
  const check = new NotebookCheck(notebook, limit);
  if (Array.isArray(notebook['cells'])) notebook['cells'].forEach((cell, i) => check.cell(cell, i));
  return check;
}

/** What the schema's rule means, for somebody who has never seen the schema. */
function sentence({ keyword, params, instancePath, message }: ValidationError, minor: number): string {
  if (/^\/id$/.test(instancePath) && keyword !== 'type') return 'must be 1 to 64 letters, digits, - or _';
  switch (keyword) {
    case 'required':
      return `'${String(params['missingProperty'])}' is missing`;
    case 'additionalProperties':
      return `format 4.${minor} has no '${String(params['additionalProperty']).slice(0, 60)}' here`;
    case 'type':
      return `must be ${[params['type']].flat().map(typeName).join(' or ')}`;
    case 'enum':
      return `must be ${[params['allowedValues']]
        .flat()
        .map((value) => JSON.stringify(value))
        .join(' or ')}`;
    case 'minimum':
      return `must be at least ${String(params['limit'])}`;
    case 'maximum':
      return `must be at most ${String(params['limit'])}`;
    case 'uniqueItems':
      return 'must not name the same twice';
    case 'pattern':
      return params['pattern'] === '^[^,]+$' ? 'must be a text without commas' : 'must not be empty';
    case 'oneOf':
      return instancePath.endsWith('/codemirror_mode')
        ? 'must be a text or an object'
        : 'must be a text or a list of lines';
    default:
      return message ?? `breaks the rule '${keyword}'`;
  }
}

function typeName(type: unknown): string {
  switch (type) {
    case 'string':
      return 'a text';
    case 'array':
      return 'a list';
    case 'integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    default:
      return `an ${String(type)}`;
  }
}

function show(value: JsonValue | undefined): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : JSON.stringify(value).slice(0, 60);
}
