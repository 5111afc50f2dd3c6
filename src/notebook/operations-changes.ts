/** Source edits as they travel: `ChangeSet.toJSON()` of @codemirror/state. */
import { ChangeSet } from '@codemirror/state';

/** An operation that does not fit the state, or is none; the message is a sentence. */
export class OperationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OperationError';
  }
}

/** @throws {OperationError} when it is not what `ChangeSet.toJSON()` makes */
export function readChanges(json: unknown): ChangeSet {
  if (!isChanges(json)) {
    throw new OperationError('The changes of a source edit are not a CodeMirror ChangeSet.');
  }
  return ChangeSet.fromJSON(json);
}

/** `[5, [0, "inserted line", "next line"], [3], 2]`: kept, inserted, deleted, kept; counts are whole numbers. */
function isChanges(json: unknown): boolean {
  const count = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
  return (
    Array.isArray(json) &&
    json.every((part: unknown) => {
      if (!Array.isArray(part)) return count(part);
      const [deleted, ...lines] = part as unknown[];
      return count(deleted) && lines.every((line) => typeof line === 'string' && !/[\r\n]/.test(line));
    })
  );
}
