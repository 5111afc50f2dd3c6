/**
 * Looks at operations from outside before anybody believes their types: what comes from a socket is unknown.
 * Whether an operation fits the notebook is not asked here; `apply` does.
 */
import { OperationError, readChanges } from './operations-changes.js';
import { PAGE_OPERATIONS, type Operation, type PageOperation } from './operations-types.js';

type Fields = Record<string, unknown>;

/** nbformat 4.5, "cell ids". */
const NEW_CELL_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** @throws {OperationError} with a sentence that says what is wrong */
export function checkOperation(value: unknown): Operation {
  if (!isFields(value) || typeof value['op'] !== 'string') {
    throw new OperationError('An operation is an object with the field "op".');
  }
  const check = Object.hasOwn(CHECKS, value['op']) ? CHECKS[value['op'] as Operation['op']] : undefined;
  if (check === undefined) throw new OperationError(`There is no operation "${value['op'].slice(0, 40)}".`);
  check(value);
  return value as unknown as Operation;
}

/** As `checkOperation`, and refuses what only the server makes. */
export function checkPageOperation(value: unknown): PageOperation {
  const op = checkOperation(value);
  if (!isPageOperation(op)) {
    throw new OperationError(`"${op.op}" is made by the server alone, from what the kernel says.`);
  }
  return op;
}

export function isPageOperation(op: Operation): op is PageOperation {
  return (PAGE_OPERATIONS as readonly string[]).includes(op.op);
}

const CHECKS: Record<Operation['op'], (op: Fields) => void> = {
  'insert-cell': (op) => {
    checkCell(op['cell']);
    checkAnchor(op);
  },
  'delete-cell': checkId,
  'move-cell': (op) => {
    checkId(op);
    checkAnchor(op);
  },
  'set-cell-type': (op) => {
    checkId(op);
    checkType(op['cell_type'], 'cell_type');
    const restore = op['restore'];
    if (restore === undefined) return;
    need(isFields(restore), 'restore', 'an object');
    if (restore['outputs'] !== undefined) checkOutputs(restore['outputs']);
    if (restore['execution_count'] !== undefined) checkCount(restore['execution_count'], 'execution_count');
    if (restore['attachments'] !== undefined) checkAttachments(restore['attachments']);
  },
  'edit-source': (op) => {
    checkId(op);
    readChanges(op['changes']);
  },
  'set-metadata': (op) => {
    if (op['id'] !== null) checkId(op);
    need(isFields(op['metadata']), 'metadata', 'an object');
  },
  'set-attachments': (op) => {
    checkId(op);
    if (op['attachments'] !== undefined) checkAttachments(op['attachments']);
  },
  'clear-outputs': (op) => {
    checkId(op);
    need(op['keepCount'] === undefined || typeof op['keepCount'] === 'boolean', 'keepCount', 'true or false');
  },
  'append-output': (op) => {
    checkId(op);
    checkOutputs(op['outputs']);
  },
  'extend-stream': (op) => {
    checkId(op);
    need(isIndex(op['index']), 'index', 'a whole number');
    need(typeof op['text'] === 'string', 'text', 'a string');
  },
  'replace-output': (op) => {
    checkId(op);
    need(isIndex(op['index']), 'index', 'a whole number');
    checkOutput(op['output']);
  },
  'set-outputs': (op) => {
    checkId(op);
    checkOutputs(op['outputs']);
    checkCount(op['execution_count'], 'execution_count');
  },
  'set-execution': (op) => {
    checkId(op);
    const execution = op['execution'];
    need(isFields(execution), 'execution', 'an object');
    need(isOneOf(execution['state'], ['idle', 'queued', 'running']), 'state', 'idle, queued or running');
    checkCount(execution['count'], 'count');
  },
};

function checkCell(cell: unknown): void {
  need(isFields(cell), 'cell', 'an object');
  const { id, cell_type, source, metadata, attachments, outputs, execution_count } = cell;
  need(typeof id === 'string' && NEW_CELL_ID.test(id), 'id', '1 to 64 letters, digits, "-" or "_"');
  checkType(cell_type, 'cell_type');
  need(typeof source === 'string', 'source', 'a string');
  need(isFields(metadata), 'metadata', 'an object');
  if (attachments !== undefined) checkAttachments(attachments);
  if (cell_type === 'code') {
    checkOutputs(outputs);
    checkCount(execution_count, 'execution_count');
  } else {
    need(outputs === undefined && execution_count === undefined, 'outputs', 'left to code cells');
  }
}

function checkOutputs(outputs: unknown): void {
  need(Array.isArray(outputs), 'outputs', 'a list');
  for (const output of outputs) checkOutput(output);
}

/** nbformat 4, "Code cell outputs". */
function checkOutput(output: unknown): void {
  need(isFields(output), 'output', 'an object');
  switch (output['output_type']) {
    case 'stream':
      need(isOneOf(output['name'], ['stdout', 'stderr']), 'name', 'stdout or stderr');
      need(typeof output['text'] === 'string', 'text', 'a string');
      return;
    case 'execute_result':
      checkCount(output['execution_count'], 'execution_count');
      checkData(output);
      return;
    case 'display_data':
      checkData(output);
      return;
    case 'error':
      need(typeof output['ename'] === 'string', 'ename', 'a string');
      need(typeof output['evalue'] === 'string', 'evalue', 'a string');
      need(
        Array.isArray(output['traceback']) && output['traceback'].every((line) => typeof line === 'string'),
        'traceback',
        'a list of strings',
      );
      return;
    case 'reference':
      need(typeof output['hash'] === 'string', 'hash', 'a string');
      need(output['more'] === undefined || typeof output['more'] === 'string', 'more', 'a string');
      return;
    default:
      need(false, 'output_type', 'stream, display_data, execute_result or error');
  }
}

function checkData(output: Fields): void {
  need(isFields(output['data']), 'data', 'an object');
  need(isFields(output['metadata']), 'metadata', 'an object');
  const transient = output['transient'];
  need(transient === undefined || isFields(transient), 'transient', 'an object');
}

function checkAttachments(attachments: unknown): void {
  need(isFields(attachments), 'attachments', 'an object');
  for (const bundle of Object.values(attachments))
    need(isFields(bundle), 'attachments', 'MIME bundles by name');
}

function checkId(op: Fields): void {
  need(typeof op['id'] === 'string', 'id', 'the id of a cell');
}

function checkAnchor(op: Fields): void {
  need(op['after'] === null || typeof op['after'] === 'string', 'after', 'the id of a cell, or null');
}

function checkType(value: unknown, name: string): void {
  need(isOneOf(value, ['code', 'markdown', 'raw']), name, 'code, markdown or raw');
}

function checkCount(value: unknown, name: string): void {
  need(value === null || isIndex(value), name, 'a whole number or null');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIndex(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isOneOf(value: unknown, names: readonly string[]): boolean {
  return typeof value === 'string' && names.includes(value);
}

function need(holds: boolean, field: string, what: string): asserts holds {
  if (!holds) throw new OperationError(`The field "${field}" of an operation must be ${what}.`);
}
