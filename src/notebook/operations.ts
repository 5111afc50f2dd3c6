/**
 * The operations by which a live notebook changes: their shapes, how they apply, their inverses, and how they are
 * carried over others.
 *
 * Server and page run the same code, so that both arrive at the same notebook. Operations are anchored on cell ids,
 * never on indices; source edits are CodeMirror ChangeSets (`ChangeSet.toJSON()`), which the server rebases over the
 * edits that it accepted in between (the @codemirror/collab scheme).
 */
export * from './operations-types.js';
export { apply, applyAll, applyToCell, type Applied, type CellOperation } from './operations-apply.js';
export { OperationError, readChanges } from './operations-changes.js';
export { checkOperation, checkPageOperation, isPageOperation } from './operations-check.js';
export { cellDifference, difference, sameJson, textDifference } from './operations-difference.js';
export { invert } from './operations-invert.js';
export { mapOutputs } from './operations-outputs.js';
export { carryOver, Rebase, type Carried } from './operations-rebase.js';
