/** The way from a document to its kernel: finds or starts the session of its path, and follows it when it changes. */
import { posix } from 'node:path';
import { HttpError } from '../http-error.js';
import type { Kernel, KernelSpec, MessageListener, Subscription } from '../kernels/index.js';
import { messageOf } from '../message-of.js';
import type { JsonObject } from '../notebook/types.js';
import type { KernelView } from '../protocol/document-messages.js';
import type { KernelInfoContent } from '../protocol/kernel-messages.js';
import { namedKernel } from './kernel-metadata.js';

/** What the document needs of a kernel. */
export type LinkedKernel = Pick<
  Kernel,
  | 'id'
  | 'name'
  | 'state'
  | 'connections'
  | 'reason'
  | 'isShutDown'
  | 'ready'
  | 'request'
  | 'replyInput'
  | 'interrupt'
  | 'onMessage'
  | 'onState'
> & {
  spec: Pick<KernelSpec, 'name' | 'displayName' | 'language'>;
  info: Pick<KernelInfoContent, 'language_info'> | undefined;
};

/** What the document needs of a `SessionManager`. */
export interface SessionSource {
  get(id: string): { id: string; kernel: LinkedKernel } | undefined;
  findByPath(path: string): { id: string; kernel: LinkedKernel } | undefined;
  create(wanted: { path: string; name?: string; type: string; kernel?: { name?: string } }): Promise<{
    id: string;
    kernel: LinkedKernel;
  }>;
  rename(from: string, to: string): void;
  onChange(listener: () => void): Subscription;
}

/** What the document needs of a `KernelspecManager`. */
export interface SpecSource {
  get(name: string): Promise<Pick<KernelSpec, 'name' | 'displayName' | 'language'> | undefined>;
  defaultName(): Promise<string>;
}

export interface KernelLinkOptions {
  sessions: SessionSource;
  specs: SpecSource;
  path(): string;
  /** the notebook's metadata, for the kernel that it names */
  metadata(): JsonObject;
  onMessage: MessageListener;
  /** the kernel's state changed, or it is another kernel */
  onChange(): void;
  /** what ran is gone: the kernel ended or starts again; a sentence */
  onLost(reason: string): void;
  /** nothing more comes of the process that ran: one that is to start again may print on for a moment */
  onEnded(): void;
}

export class KernelLink {
  readonly #options: KernelLinkOptions;
  readonly #sessions: Subscription;
  #sessionId: string | null = null;
  #kernel: LinkedKernel | undefined;
  #subscriptions: Subscription[] = [];
  /** to a kernel that is being ended for good */
  #farewell: Subscription[] = [];
  /** the process is being ended to start again */
  #isRestarting = false;
  /** why the last attempt to start a kernel failed */
  #failure: string | undefined;
  /** for notebooks that name no kernel, or one that is not installed */
  #preferred: string | undefined;

  constructor(options: KernelLinkOptions) {
    this.#options = options;
    this.#sessions = options.sessions.onChange(() => this.follow());
  }

  get kernel(): LinkedKernel | undefined {
    return this.#kernel;
  }

  /** What the page shows. */
  get view(): KernelView {
    const kernel = this.#kernel;
    if (kernel === undefined) {
      const named = namedKernel(this.#options.metadata());
      return {
        id: null,
        session_id: null,
        name: named.name ?? this.#preferred ?? '',
        display_name: named.displayName ?? named.name ?? this.#preferred ?? '',
        language: named.language ?? '',
        state: this.#failure === undefined ? 'none' : 'unavailable',
        ...(this.#failure === undefined ? {} : { reason: this.#failure }),
      };
    }
    const { spec, state, reason } = kernel;
    return {
      id: kernel.id,
      session_id: this.#sessionId,
      name: spec.name,
      display_name: spec.displayName,
      language: spec.language,
      state,
      ...(reason === undefined ? {} : { reason }),
    };
  }

  /** @param name  kernelspec for a notebook that names none, or one that is not installed */
  prefer(name: string | undefined): void {
    if (name !== undefined) this.#preferred = name;
  }

  /**
   * The session's kernel, started if there is none.
   *
   * @throws {HttpError} with a sentence when the kernel is not installed or does not start
   */
  async start(): Promise<LinkedKernel> {
    if (this.#kernel !== undefined && this.#kernel.state !== 'dead') return this.#kernel;
    const path = this.#options.path();
    try {
      const name = await this.#chooseName();
      const kernel = { name };
      await this.#options.sessions.create({ path, name: posix.basename(path), type: 'notebook', kernel });
      this.#failure = undefined;
      this.follow();
      if (this.#kernel === undefined) throw new HttpError(500, 'The kernel was shut down while it started.');
      return this.#kernel;
    } catch (error) {
      this.#failure = messageOf(error);
      this.#options.onChange();
      throw error;
    }
  }

  /** As `start`, and waits until it answers. */
  async ready(): Promise<LinkedKernel> {
    const kernel = await this.start();
    for (;;) {
      const { ready } = kernel;
      try {
        await ready;
        return kernel;
      } catch (error) {
        // A restart makes a new promise; the old one says nothing about it.
        if (kernel.ready === ready) throw error;
      }
    }
  }

  close(): void {
    this.#sessions.close();
    this.#drop();
    for (const subscription of this.#farewell) subscription.close();
  }

  async #chooseName(): Promise<string> {
    const { specs, metadata } = this.#options;
    const named = namedKernel(metadata());
    if (named.name !== undefined && (await specs.get(named.name)) !== undefined) return named.name;
    if (this.#preferred !== undefined) return this.#preferred;
    if (named.name === undefined) return specs.defaultName();
    throw new HttpError(
      501,
      `The kernel "${named.displayName ?? named.name}" (${named.name}) of this notebook is not installed here. Choose another kernel, or install this one.`,
    );
  }

  /** Takes the kernel that the session of the path has now. A session that is renamed before its file stays ours. */
  follow(): void {
    const { sessions, path } = this.#options;
    const known = this.#sessionId === null ? undefined : sessions.get(this.#sessionId);
    const session = sessions.findByPath(path()) ?? known;
    const kernel = session?.kernel;
    this.#sessionId = session?.id ?? null;
    if (kernel === this.#kernel) return;
    const left = this.#kernel;
    const isEnding = kernel === undefined && left?.isShutDown === true && left.state !== 'dead';
    if (isEnding) this.#hearOut(left);
    this.#drop();
    if (left !== undefined) {
      this.#options.onLost(kernel === undefined ? 'The kernel was shut down.' : 'The kernel was changed.');
      if (!isEnding) this.#options.onEnded();
    }
    if (kernel !== undefined) {
      this.#endFarewell();
      this.#kernel = kernel;
      this.#failure = undefined;
      this.#subscriptions = [this.#hear(kernel), kernel.onState(() => this.#stateChanged(kernel))];
    }
    this.#options.onChange();
  }

  #hear(kernel: LinkedKernel): Subscription {
    // What is recorded must not wait for the slow websocket of somebody who looks on.
    return kernel.onMessage((...message) => this.#options.onMessage(...message), { impatient: true });
  }

  /** What a kernel prints while it is being ended belongs to its cells, unless there is another one already. */
  #hearOut(kernel: LinkedKernel): void {
    this.#farewell = [
      this.#hear(kernel),
      kernel.onState(() => {
        if (kernel.state === 'dead') this.#endFarewell();
      }),
    ];
  }

  #endFarewell(): void {
    if (this.#farewell.length === 0) return;
    for (const subscription of this.#farewell.splice(0)) subscription.close();
    this.#options.onEnded();
  }

  #stateChanged(kernel: LinkedKernel): void {
    const { state, reason } = kernel;
    if (state === 'restarting') this.#options.onLost(reason ?? 'The kernel was restarted.');
    if (state === 'dead') this.#options.onLost(reason ?? 'The kernel was shut down.');
    if (state === 'dead' || (this.#isRestarting && state !== 'restarting')) this.#options.onEnded();
    this.#isRestarting = state === 'restarting';
    this.#options.onChange();
  }

  #drop(): void {
    for (const subscription of this.#subscriptions) subscription.close();
    this.#subscriptions = [];
    this.#kernel = undefined;
    this.#isRestarting = false;
  }
}
