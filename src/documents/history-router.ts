/**
 * `api/documents/<id>/history`: what an open notebook was before. Lists the states and the deleted cells, shows one, says
 * what differs, brings a state or single cells of it back as operations, and forgets.
 */
import { Router } from 'express';
import { HttpError } from '../http-error.js';
import type { HistoryCellDifference, HistoryModel, HistoryStateModel } from '../protocol/rest-models.js';
import { difference } from '../notebook/operations.js';
import type { CellId } from '../notebook/types.js';
import type { DocumentHistory, PastState } from './history.js';
import type { LiveDocument } from './live-document.js';

export function historyRouter(find: (id: string) => LiveDocument): Router {
  const router = Router({ caseSensitive: true });
  const base = '/api/documents/:id/history';

  router.get(base, async ({ params }, response) => {
    const document = find(params.id);
    const history = historyOf(document);
    const states = (await history.list()).flatMap(({ id, at, why, cells }): HistoryStateModel[] =>
      why === 'orphan' ? [] : [{ id, at: new Date(at).toISOString(), why, cells: cells.length }],
    );
    const model: HistoryModel = {
      states,
      deleted: await history.deleted(document.state),
      bytes: history.bytes,
    };
    response.json(model);
  });

  router.delete(base, async ({ params }, response) => {
    const document = find(params.id);
    historyOf(document);
    await document.forgetHistory();
    response.status(204).end();
  });

  router.get(`${base}/:state`, async ({ params }, response) => {
    const { state, withoutOutputs } = await historyOf(find(params.id)).state(params.state);
    const cells = [...state.cells()].map(({ cell }) => cell);
    response.json({ metadata: state.metadata, cells, outputs_not_kept: [...withoutOutputs] });
  });

  /** `?to=<state>`; without it, what differs from the notebook as it is now. */
  router.get(`${base}/:state/diff`, async ({ params, query }, response) => {
    const document = find(params.id);
    const history = historyOf(document);
    const from = await history.state(params.state);
    const to =
      typeof query.to === 'string'
        ? await history.state(query.to)
        : { state: document.state, withoutOutputs: new Set<CellId>() };
    response.json({ cells: cellDifferences(from, to) });
  });

  /** `{cells?}`: only these cells of the state; deleted ones come back where they were. */
  router.post(`${base}/:state/restore`, async ({ params, body }, response) => {
    const wanted = (body as { cells?: unknown } | undefined)?.cells;
    if (wanted !== undefined && !isNames(wanted)) {
      throw new HttpError(400, 'Which cells? "cells" is a list of cell ids; without it, all is restored.');
    }
    await find(params.id).restore(params.state, wanted);
    response.status(204).end();
  });

  router.delete(`${base}/:state`, async ({ params }, response) => {
    await historyOf(find(params.id)).forget(params.state);
    response.status(204).end();
  });

  return router;
}

function historyOf(document: LiveDocument): DocumentHistory {
  if (document.history === undefined) throw new HttpError(404, 'This server keeps no history of notebooks.');
  return document.history;
}

/** Cell by cell, in the order of the new state; deleted ones at the end. */
export function cellDifferences(
  { state: from, withoutOutputs }: PastState,
  { state: to, withoutOutputs: withoutNow }: PastState,
): HistoryCellDifference[] {
  const changes = new Map<string, HistoryCellDifference>();
  for (const op of difference(from, to)) {
    if (op.op === 'set-execution' || (op.op !== 'insert-cell' && op.id === null)) continue;
    const id = op.op === 'insert-cell' ? op.cell.id : op.id;
    if (id === null) continue;
    const outputs_kept = !withoutOutputs.has(id) && !withoutNow.has(id);
    if (op.op === 'set-outputs' && !outputs_kept) continue;
    const before = from.cell(id)?.cell.source ?? null;
    const after = to.cell(id)?.cell.source ?? null;
    const known = changes.get(id) ?? { cell: id, before, after, outputs: false, outputs_kept, moved: false };
    if (op.op === 'set-outputs') known.outputs = true;
    if (op.op === 'move-cell') known.moved = true;
    changes.set(id, known);
  }
  return [...to.ids, ...from.ids].flatMap((id) => {
    const change = changes.get(id);
    changes.delete(id);
    return change === undefined ? [] : [change];
  });
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
