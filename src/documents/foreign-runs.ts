/**
 * Cells that other clients run on their own kernel websocket (JupyterLab, VS Code). Such a client writes down itself what its
 * cells print, and must find the file as it left it; so it is left alone, unless its websocket is gone when the cell is done:
 * then nobody else would keep the result, and the notebook's live document records it.
 */
import type { Log } from '../log.js';
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

type FollowedKernel = Pick<Kernel, 'id' | 'state' | 'clientSessions' | 'onClient' | 'onMessage' | 'onState'>;

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
  readonly #kernels = new Map<FollowedKernel, Subscription[]>();

  constructor(options: ForeignRunsOptions) {
    this.#options = options;
    this.#subscription = options.sessions.onChange(() => this.#follow());
    this.#follow();
  }

  close(): void {
    this.#subscription.close();
    for (const kernel of [...this.#kernels.keys()]) this.#drop(kernel);
  }

  #follow(): void {
    const now = new Set(this.#options.sessions.list().map(({ kernel }) => kernel));
    for (const kernel of [...this.#kernels.keys()]) if (!now.has(kernel)) this.#drop(kernel);
    for (const kernel of now) if (!this.#kernels.has(kernel)) this.#kernels.set(kernel, this.#listen(kernel));
  }

  #drop(kernel: FollowedKernel): void {
    for (const subscription of this.#kernels.get(kernel) ?? []) subscription.close();
    this.#kernels.delete(kernel);
  }

  #listen(kernel: FollowedKernel): Subscription[] {
    const runs = new Map<string, Followed>();
    return [
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
          return;
        }
        if (statusContent(parseObject(content))?.execution_state !== 'idle') return;
        runs.delete(run.msgId);
        if (!kernel.clientSessions.has(run.session)) void this.#record(kernel, run);
      }),
      kernel.onState(() => {
        if (kernel.state !== 'restarting' && kernel.state !== 'dead') return;
        // Their end will never come. What a cell printed until then is all that there is of it.
        for (const run of runs.values()) {
          const isLost = run.messages.length > 0 && !kernel.clientSessions.has(run.session);
          if (isLost) void this.#record(kernel, { ...run, status: 'aborted' });
        }
        runs.clear();
      }),
    ];
  }

  async #record(kernel: FollowedKernel, run: Followed): Promise<void> {
    const { sessions, documents, log } = this.#options;
    const path = sessions.list().find((session) => session.kernel === kernel)?.path;
    if (path === undefined) return;
    try {
      (await documents.open(path)).recordForeign(run.cell, run);
    } catch (error) {
      log.warn(
        `What a cell of ${path} printed for a client that went away was not recorded: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}

/** Copied: as it came it is a view, which would keep a whole block alive that was read with other messages. */
function keep(run: Followed, type: string, content: Uint8Array): void {
  if (run.bytes > MOST_BYTES) return;
  run.bytes += content.length + OVERHEAD;
  if (run.bytes <= MOST_BYTES) run.messages.push({ type, content: new Uint8Array(content) });
  else run.messages.push({ type: 'stream', content: new TextEncoder().encode(JSON.stringify(LEFT_OUT)) });
}
