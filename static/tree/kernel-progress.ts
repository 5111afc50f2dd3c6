/** What a kernel is at, in words: "busy for 3 min, cell 14 of 40". */
import type { DocumentModel, RunModel } from '../../src/protocol/document-messages.js';
import type { KernelModel, SessionModel } from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';

export interface Progress {
  /** of the code cells, from 1 */
  cell: number;
  of: number;
  /** ms since the epoch; undefined when it is not known */
  since: number | undefined;
}

/** By path, of the notebooks whose kernels work. */
export async function readProgress(
  sessions: readonly SessionModel[],
  documents: readonly DocumentModel[],
): Promise<Map<string, Progress>> {
  const busy = new Set(
    sessions.filter(({ kernel }) => kernel.execution_state === 'busy').map(({ path }) => path),
  );
  const found = new Map<string, Progress>();
  for (const { id, path } of documents.filter((each) => busy.has(each.path))) {
    const { running, cells } = await api.get<RunModel>(`api/documents/${encodeURIComponent(id)}/run`);
    const at = cells.findIndex((cell) => cell.id === running);
    const run = cells[at];
    if (run === undefined) continue;
    found.set(path, { cell: at + 1, of: cells.length, since: run.started });
  }
  return found;
}

export function stateText(kernel: KernelModel, progress: Progress | undefined, now: number): string {
  const state = kernel.execution_state;
  if (state === 'dead') return kernel.reason ?? 'dead';
  if (state !== 'busy' || progress === undefined) return state;
  const time = progress.since === undefined ? '' : ` for ${duration(now - progress.since)}`;
  return `busy${time}, cell ${progress.cell} of ${progress.of}`;
}

/** `12 s`, `3 min`, `2 h 5 min` */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
