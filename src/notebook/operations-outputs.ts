/** Puts other outputs into operations: whole ones in place of references, and the other way round. */
import type { Operation } from './operations-types.js';
import type { Output } from './types.js';

/** The same objects where `map` gives the same outputs. */
export function mapOutputs<T extends Operation>(
  ops: readonly T[],
  map: (output: Output) => Output,
): readonly T[] {
  const list = (outputs: Output[]): Output[] => {
    const mapped = outputs.map(map);
    return mapped.every((output, index) => output === outputs[index]) ? outputs : mapped;
  };
  const one = (op: Operation): Operation => {
    switch (op.op) {
      case 'replace-output': {
        const output = map(op.output);
        return output === op.output ? op : { ...op, output };
      }
      case 'append-output':
      case 'set-outputs': {
        const outputs = list(op.outputs);
        return outputs === op.outputs ? op : { ...op, outputs };
      }
      case 'insert-cell': {
        const outputs = list(op.cell.outputs ?? []);
        return op.cell.outputs === undefined || outputs === op.cell.outputs
          ? op
          : { ...op, cell: { ...op.cell, outputs } };
      }
      case 'set-cell-type': {
        const { restore } = op;
        if (restore?.outputs === undefined) return op;
        const outputs = list(restore.outputs);
        return outputs === restore.outputs ? op : { ...op, restore: { ...restore, outputs } };
      }
      default:
        return op;
    }
  };
  const mapped = ops.map((op) => one(op) as T);
  return mapped.every((op, index) => op === ops[index]) ? ops : mapped;
}
