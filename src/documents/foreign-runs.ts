/**
 * Cells that other clients run on their own kernel websocket (JupyterLab, VS Code). Such a client writes down itself what its
 * cells print, and must find the file as it left it; so it is left alone, unless its websocket is gone when the cell is done:
 * then nobody else would keep the result, and the notebook's live document records it.
 */
import type { Log } from '../log.js';
import { messageOf } from '../message-of.js';
import type { CellId } from '../notebook/types.js';
import { executeReplyContent, parseHeader, parseObject, statusContent } from '../protocol/kernel-messages.js';
import type { Kernel, Subscription } from '../kernels/index.js';
import type { LiveDocument } from './live-document.js';

export interface ForeignRun {
  msgId: string;
  messages: { type: string; content: Uint8Array }[];
  /** ms since 1970 */
  started: number;
  status: 'ok' | 'error' | 'aborted';
}

interface Followed extends ForeignRun {
  session: string;
  cell: CellId;
  bytes: number;
  /** its client was not there to hear what came last */
  isMissed: boolean;
}

interface Notebook {
  /** as long as there is a session */
  path: string;
  /** by msg_id of the request */
  readonly runs: Map<string, Followed>;
  readonly subscriptions: Subscription[];
}

/**
 * What is kept of one run until it is done, in case that its client goes: bytes, counted with what a message costs besides
 * its own. And runs that are followed at once.
 */
const MOST_BYTES = 32_000_000;
const OVERHEAD = 256;
const MOST_RUNS = 1_000;

/** In place of what is too much. */
const LEFT_OUT = {
  name: 'stderr',
  text: '\n[What this cell printed from here on was too much to keep while the page that ran it was closed.]\n',
};

type FollowedKernel = Pick<
  Kernel,
  'id' | 'state' | 'isShutDown' | 'clientSessions' | 'onClient' | 'onMessage' | 'onState'
>;

export interface ForeignRunsOptions {
  sessions: {
    list(): { path: string; kernel: FollowedKernel }[];
    onChange(listener: () => void): Subscription;
  };
  documents: { open(path: string): Promise<Pick<LiveDocument, 'recordForeign'>> };
  log: Log;
}

export class ForeignRuns {
  readonly #options: ForeignRunsOptions;
  readonly #subscription: Subscription;
  readonly #kernels = new Map<FollowedKernel, Notebook>();
  readonly #recording = new Set<Promise<void>>();

  constructor(options: ForeignRunsOptions) {
    this.#options = options;
    this.#subscription = options.sessions.onChange(() => this.#follow());
    this.#follow();
  }

  /** The server stops: what a client misses already is written down. Others were connected until now and have it. */
  async close(): Promise<void> {
    this.#subscription.close();
    for (const [kernel, { path, runs }] of this.#kernels) {
      for (const run of runs.values()) if (run.isMissed) this.#record(path, { ...run, status: 'aborted' });
      this.#forget(kernel);
    }
    await Promise.all(this.#recording);
  }

  #follow(): void {
    const paths = new Map<FollowedKernel, string>();
    for (const { kernel, path } of this.#options.sessions.list()) {
      if (!paths.has(kernel)) paths.set(kernel, path);
    }
    for (const [kernel, notebook] of this.#kernels) {
      const path = paths.get(kernel);
      if (path !== undefined) notebook.path = path;
      else this.#leave(kernel, notebook);
    }
    for (const [kernel, path] of paths) {
      if (!this.#kernels.has(kernel)) this.#kernels.set(kernel, this.#listen(kernel, path));
    }
  }

  /** There is no session any more. A kernel that is being ended is heard until it is dead. */
  #leave(kernel: FollowedKernel, notebook: Notebook): void {
    if (kernel.isShutDown && kernel.state !== 'dead') return;
    this.#lost(kernel, notebook);
    this.#forget(kernel);
  }

  #forget(kernel: FollowedKernel): void {
    for (const subscription of this.#kernels.get(kernel)?.subscriptions ?? []) subscription.close();
    this.#kernels.delete(kernel);
  }

  #listen(kernel: FollowedKernel, path: string): Notebook {
    const runs = new Map<string, Followed>();
    const isThere = ({ session }: Followed) => kernel.clientSessions.has(session);
    const subscriptions = [
      kernel.onClient((session, { metadata }, { msg_id, msg_type }) => {
        if (msg_type !== 'execute_request') return;
        // JupyterLab says which cell it is; who does not say it cannot be helped.
        const cell = parseObject(metadata)?.['cellId'];
        if (typeof cell !== 'string') return;
        const run = {
          session,
          cell,
          msgId: msg_id,
          messages: [],
          bytes: 0,
          isMissed: false,
          started: Date.now(),
          status: 'ok' as const,
        };
        runs.set(msg_id, run);
        const [oldest] = runs.keys();
        if (runs.size > MOST_RUNS && oldest !== undefined) runs.delete(oldest);
      }),
      kernel.onMessage((channel, { parentHeader, content }, { msg_type }) => {
        if (runs.size === 0) return;
        const parent = parseHeader(parentHeader)?.msg_id;
        const run = parent === undefined ? undefined : runs.get(parent);
        if (run === undefined) return;
        if (channel === 'shell') {
          run.status = executeReplyContent(parseObject(content))?.status ?? run.status;
          if (run.status === 'aborted') runs.delete(run.msgId);
          return;
        }
        if (channel !== 'iopub') return;
        if (msg_type !== 'status') {
          keep(run, msg_type, content);
          run.isMissed = !isThere(run);
          return;
        }
        if (statusContent(parseObject(content))?.execution_state !== 'idle') return;
        runs.delete(run.msgId);
        if (!isThere(run)) this.#record(notebook.path, run);
      }),
      kernel.onState(() => {
        if (kernel.state !== 'restarting' && kernel.state !== 'dead') return;
        this.#lost(kernel, notebook);
        if (kernel.isShutDown) this.#forget(kernel);
      }),
    ];
    const notebook = { path, runs, subscriptions };
    return notebook;
  }

  /** The end of its runs will never come. What a cell printed until then is all that there is of it. */
  #lost({ clientSessions }: FollowedKernel, { path, runs }: Notebook): void {
    for (const run of runs.values()) {
      const isLost = run.messages.length > 0 && !clientSessions.has(run.session);
      if (isLost) this.#record(path, { ...run, status: 'aborted' });
    }
    runs.clear();
  }

  #record(path: string, run: Followed): void {
    const { documents, log } = this.#options;
    const recorded = documents
      .open(path)
      .then((document) => void document.recordForeign(run.cell, run))
      .catch((error: unknown) =>
        log.warn(
          `What a cell of ${path} printed for a client that went away was not recorded: ${messageOf(error)}`,
        ),
      )
      .finally(() => this.#recording.delete(recorded));
    this.#recording.add(recorded);
  }
}

/** Copied: as it came it is a view, which would keep a whole block alive that was read with other messages. */
function keep(run: Followed, type: string, content: Uint8Array): void {
  if (run.bytes > MOST_BYTES) return;
  run.bytes += content.length + OVERHEAD;
  if (run.bytes <= MOST_BYTES) run.messages.push({ type, content: new Uint8Array(content) });
  else run.messages.push({ type: 'stream', content: new TextEncoder().encode(JSON.stringify(LEFT_OUT)) });
}
