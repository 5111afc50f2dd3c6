/**
 * What is wrong with a notebook's structure (nbformat 4, "The notebook file format"), each problem with its place.
 * A notebook with problems is still opened and saved; its reader is told.
 */
import { isObject } from './cell-format.js';
import { isCellId } from './cell-id.js';
import type { JsonObject, JsonValue } from './types.js';

export interface NotebookProblem {
  /** JSON pointer: `/cells/5/outputs/0` */
  path: string;
  /** what is wrong there, without the path */
  problem: string;
}

/** @param notebook joined or as in the file; at most `limit` problems are looked for */
export function validateNotebook(notebook: unknown, limit = 20): NotebookProblem[] {
  const problems: NotebookProblem[] = [];
  const report = (path: string, problem: string): void => {
    if (problems.length < limit) problems.push({ path, problem });
  };
  if (!isObject(notebook)) return [{ path: '', problem: 'a notebook must be an object' }];
  if (!isObject(notebook['metadata'])) report('/metadata', 'must be an object');
  if (notebook['nbformat'] !== 4) report('/nbformat', 'must be 4');
  const minor = notebook['nbformat_minor'];
  if (!isCount(minor)) report('/nbformat_minor', 'must be a whole number');
  if (!Array.isArray(notebook['cells'])) report('/cells', 'must be a list');
  else {
    const ids = new Set<JsonValue>();
    for (const [i, cell] of notebook['cells'].entries()) {
      if (problems.length >= limit) break;
      checkCell(cell, `/cells/${i}`, isCount(minor) && minor >= 5 ? ids : undefined, report);
    }
  }
  return problems;
}

/** The sentence that clients show: the first problem, and how many more there are. */
export function validationMessage(notebook: unknown): string | undefined {
  const problems = validateNotebook(notebook);
  const [first] = problems;
  if (first === undefined) return undefined;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return `Notebook validation failed: ${first.path || '/'}: ${first.problem}${more}`;
}

type Report = (path: string, problem: string) => void;

function checkCell(cell: JsonValue, path: string, ids: Set<JsonValue> | undefined, report: Report): void {
  if (!isObject(cell)) return report(path, 'a cell must be an object');
  const type = cell['cell_type'];
  if (type !== 'code' && type !== 'markdown' && type !== 'raw') {
    report(`${path}/cell_type`, `must be "code", "markdown" or "raw", not ${show(type)}`);
  }
  if (!isObject(cell['metadata'])) report(`${path}/metadata`, 'must be an object');
  if (!isText(cell['source'])) report(`${path}/source`, 'must be a text or a list of lines');
  if (ids !== undefined) checkId(cell['id'], `${path}/id`, ids, report);
  if (cell['attachments'] !== undefined) checkAttachments(cell['attachments'], `${path}/attachments`, report);
  if (type !== 'code') return;
  if (!isExecutionCount(cell['execution_count'])) {
    report(`${path}/execution_count`, 'must be a whole number or null');
  }
  if (!Array.isArray(cell['outputs'])) report(`${path}/outputs`, 'must be a list');
  else
    for (const [i, output] of cell['outputs'].entries()) checkOutput(output, `${path}/outputs/${i}`, report);
}

function checkId(id: JsonValue | undefined, path: string, ids: Set<JsonValue>, report: Report): void {
  if (!isCellId(id)) report(path, 'must be 1 to 64 letters, digits, - or _');
  else if (ids.has(id)) report(path, `is used by an earlier cell too: ${show(id)}`);
  else ids.add(id);
}

function checkAttachments(value: JsonValue, path: string, report: Report): void {
  if (!isObject(value)) return report(path, 'must be an object');
  for (const [name, bundle] of Object.entries(value)) checkBundle(bundle, `${path}/${escape(name)}`, report);
}

function checkOutput(output: JsonValue, path: string, report: Report): void {
  if (!isObject(output)) return report(path, 'an output must be an object');
  const need = (name: string, good: boolean, what: string): void => {
    if (!good) report(`${path}/${name}`, what);
  };
  switch (output['output_type']) {
    case 'stream':
      need('name', typeof output['name'] === 'string', 'must be a text');
      need('text', isText(output['text']), 'must be a text or a list of lines');
      break;
    case 'execute_result':
      need('execution_count', isExecutionCount(output['execution_count']), 'must be a whole number or null');
      checkDisplay(output, path, report);
      break;
    case 'display_data':
      checkDisplay(output, path, report);
      break;
    case 'error':
      need('ename', typeof output['ename'] === 'string', 'must be a text');
      need('evalue', typeof output['evalue'] === 'string', 'must be a text');
      need('traceback', isLines(output['traceback']), 'must be a list of texts');
      break;
    default:
      report(
        `${path}/output_type`,
        `must be "stream", "display_data", "execute_result" or "error", not ${show(output['output_type'])}`,
      );
  }
}

function checkDisplay(output: JsonObject, path: string, report: Report): void {
  checkBundle(output['data'], `${path}/data`, report);
  if (!isObject(output['metadata'])) report(`${path}/metadata`, 'must be an object');
}

function checkBundle(bundle: JsonValue | undefined, path: string, report: Report): void {
  if (!isObject(bundle)) return report(path, 'must be an object of MIME types');
  for (const [mime, value] of Object.entries(bundle)) {
    const json = mime === 'application/json' || /^application\/.*\+json$/.test(mime);
    if (!json && !isText(value)) report(`${path}/${escape(mime)}`, 'must be a text or a list of lines');
  }
}

function isText(value: JsonValue | undefined): boolean {
  return typeof value === 'string' || isLines(value);
}

function isLines(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.every((line) => typeof line === 'string');
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function isExecutionCount(value: JsonValue | undefined): boolean {
  return value === null || isCount(value);
}

function show(value: JsonValue | undefined): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : JSON.stringify(value).slice(0, 60);
}

/** RFC 6901 */
function escape(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
