/**
 * The whole document as one message, made cell by cell, so that cells nobody has looked at are not kept parsed. Large
 * outputs are in it by name.
 */
import type { CellExecution } from '../notebook/operations.js';
import type { CellId, JsonObject } from '../notebook/types.js';
import type { ServerMessage } from '../protocol/document-messages.js';
import type { OutputReferences } from './output-references.js';

type Snapshot = Extract<ServerMessage, { type: 'snapshot' }>;

/** What a snapshot says besides the notebook. */
export type SnapshotFacts = Omit<
  Snapshot,
  'type' | 'now' | 'metadata' | 'cells' | 'executions' | 'untrusted'
>;

export function snapshotText(
  outputs: OutputReferences,
  metadata: JsonObject,
  facts: SnapshotFacts,
  isForeign: (id: CellId) => boolean,
): string {
  const cells: string[] = [];
  const executions: [CellId, CellExecution][] = [];
  const untrusted: CellId[] = [];
  for (const { cell, content } of outputs.cells()) {
    cells.push(JSON.stringify(content));
    if (cell.execution !== undefined && content.cell_type === 'code')
      executions.push([cell.id, cell.execution]);
    if ((content.outputs?.length ?? 0) > 0 && isForeign(cell.id)) untrusted.push(cell.id);
  }
  const rest: Omit<Snapshot, 'cells'> = {
    type: 'snapshot',
    now: Date.now(),
    ...facts,
    metadata,
    executions: Object.fromEntries(executions),
    untrusted,
  };
  return `${JSON.stringify(rest).slice(0, -1)},"cells":[${cells.join(',')}]}`;
}
