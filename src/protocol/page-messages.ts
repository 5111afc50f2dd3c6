/** Looks at what a page sends before anybody believes its type: what comes from a socket is unknown. */
import { DEEPEST_VALUE, isNestedDeeper } from '../notebook/json-depth.js';
import { checkPageOperation, OperationError } from '../notebook/operations.js';
import type { PageMessage } from './document-messages.js';

/** What is wrong with a message, as a sentence; with its sequence number when it had one. */
export class PageMessageError extends Error {
  constructor(
    message: string,
    readonly seq?: number,
  ) {
    super(message);
    this.name = 'PageMessageError';
  }
}

/** Longest list of operations or cells in one message, and longest text of an id or an answer, in UTF-16 units. */
const MOST = 100_000;
const LONGEST_NAME = 256;

/** @throws {PageMessageError} */
export function parsePageMessage(text: string): PageMessage {
  const value = parseObject(text);
  const seq = isCount(value['seq']) ? value['seq'] : undefined;
  const refuse = (message: string): never => {
    throw new PageMessageError(message, seq);
  };
  switch (value['type']) {
    case 'resume': {
      const { client, epoch, revision } = value;
      if (!isName(client)) return refuse('"resume" names the page in "client", 1 to 256 characters.');
      return isName(epoch) && isCount(revision)
        ? { type: 'resume', client, epoch, revision }
        : { type: 'resume', client };
    }
    case 'ops': {
      const { base, ops } = value;
      if (seq === undefined || !isCount(base) || !isList(ops)) {
        return refuse('"ops" has "seq" and "base", whole numbers, and a list of operations.');
      }
      if (isNestedDeeper(ops)) return refuse(`The batch is nested more than ${DEEPEST_VALUE} levels deep.`);
      try {
        return { type: 'ops', seq, base, ops: ops.map(checkPageOperation) };
      } catch (error) {
        if (error instanceof OperationError) return refuse(error.message);
        throw error;
      }
    }
    case 'cancel': {
      const { cells } = value;
      if (!isList(cells) || !cells.every(isName)) return refuse('"cancel" has a list of cell ids.');
      return { type: 'cancel', cells };
    }
    case 'execute': {
      const { cells } = value;
      if (!isList(cells) || !cells.every(isName)) return refuse('"execute" has a list of cell ids.');
      return { type: 'execute', cells, ...(seq === undefined ? {} : { seq }) };
    }
    case 'save':
      return {
        type: 'save',
        ...(seq === undefined ? {} : { seq }),
        ...(value['checkpoint'] === true ? { checkpoint: true } : {}),
        ...(value['unasked'] === true ? { unasked: true } : {}),
      };
    case 'conflict': {
      const { cell, text, base } = value;
      if (!isName(cell) || typeof text !== 'string') return refuse('"conflict" has a "cell" and a "text".');
      return {
        type: 'conflict',
        cell,
        text,
        ...(typeof base === 'string' ? { base } : {}),
        ...(seq === undefined ? {} : { seq }),
      };
    }
    case 'resolve':
      if (!isName(value['conflict'])) return refuse('"resolve" has the id of a "conflict".');
      return { type: 'resolve', conflict: value['conflict'] };
    case 'focus':
    case 'alive':
      return { type: value['type'] };
    case 'interrupt':
      return { type: 'interrupt' };
    case 'input':
      if (typeof value['value'] !== 'string') return refuse('"input" has a "value", a string.');
      return { type: 'input', value: value['value'] };
    default:
      return refuse(
        'A message of a page has a "type": resume, ops, execute, save, cancel, interrupt, input, focus, alive, conflict or resolve.',
      );
  }
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PageMessageError('A message of a page is one JSON object; this is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PageMessageError('A message of a page is one JSON object.');
  }
  return value as Record<string, unknown>;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LONGEST_NAME;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length <= MOST;
}
