/** Sessions: which kernel belongs to which notebook (or console, or file). */
import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { HttpError } from '../http-error.js';
import type { Kernel, KernelManager } from '../kernels/index.js';
import { ListenerSet } from '../listeners.js';
import type { Subscription } from '../listeners.js';
import type { Log } from '../log.js';
import type { SessionModel } from '../protocol/rest-models.js';

export interface Session {
  readonly id: string;
  path: string;
  name: string;
  /** `notebook`, `console`, `file` … */
  type: string;
  kernel: Kernel;
}

/** What a session is made from or changed to: a kernelspec's name, or the id of a running kernel. */
export interface KernelChoice {
  name?: string | null;
  id?: string | null;
}

export interface SessionRequest {
  path: string;
  name?: string;
  type: string;
  kernel?: KernelChoice;
}

export interface SessionPatch {
  path?: string;
  name?: string;
  type?: string;
  kernel?: KernelChoice;
}

/** A session whose kernel is being started. Its file may be renamed meanwhile. */
interface Making {
  path: string;
  name: string;
  made: Promise<Session>;
}

export interface SessionManagerOptions {
  /** the directory in which a kernel for `path` starts; undefined: where kernels start that belong to no file */
  kernelDirectory(path: string): string | undefined | Promise<string | undefined>;
  log: Log;
}

export class SessionManager {
  readonly #kernels: KernelManager;
  readonly #kernelDirectory: SessionManagerOptions['kernelDirectory'];
  readonly #sessions = new Map<string, Session>();
  /** so that a second call for the path gets the same one */
  readonly #making = new Set<Making>();
  readonly #listeners = new ListenerSet<[]>();
  readonly #log: Log;
  readonly #removals: Subscription;

  constructor(kernels: KernelManager, { kernelDirectory, log }: SessionManagerOptions) {
    this.#kernels = kernels;
    this.#kernelDirectory = kernelDirectory;
    this.#log = log;
    this.#removals = kernels.onChange(() => this.#dropOrphans());
  }

  /**
   * One session per path: when there is one, it is the answer, also when two calls race. If its kernel is dead, the
   * kernel starts again: who asks for a session wants to use it.
   *
   * @throws {HttpError} 501 when the kernel is not available
   */
  async create(wanted: SessionRequest): Promise<Session> {
    const existing = this.findByPath(wanted.path);
    if (existing) {
      // A failure is told by the kernel's state and reason.
      if (existing.kernel.state === 'dead') existing.kernel.restart().catch(() => {});
      return existing;
    }
    for (const { path, made } of this.#making) if (path === wanted.path) return made;
    const { path, name = posix.basename(path) } = wanted;
    const made = this.#startedKernel(wanted)
      .then((kernel) => this.#add(making, wanted.type, kernel))
      .finally(() => this.#making.delete(making));
    const making: Making = { path, name, made };
    this.#making.add(making);
    return made;
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** @throws {HttpError} 404 */
  require(id: string): Session {
    const session = this.#sessions.get(id);
    if (!session) throw new HttpError(404, `Session not found: session_id='${id}'`);
    return session;
  }

  findByPath(path: string): Session | undefined {
    return this.list().find((session) => session.path === path);
  }

  list(): Session[] {
    return [...this.#sessions.values()];
  }

  /** A file, or a directory with everything below it, moved. */
  rename(from: string, to: string): void {
    const move = (one: { path: string; name: string }) => {
      if (one.path !== from && !one.path.startsWith(`${from}/`)) return false;
      const path = to + one.path.slice(from.length);
      // Notebooks are named after their file; a console's name is its own.
      if (one.name === posix.basename(one.path)) one.name = posix.basename(path);
      one.path = path;
      return true;
    };
    for (const one of this.#making) move(one);
    if (this.list().filter(move).length > 0) this.#changed();
  }

  /** @throws {HttpError} 404 no such session, 400 no such kernel, 501 kernel not available */
  async change(id: string, patch: SessionPatch): Promise<Session> {
    const session = this.require(id);
    const wanted = () => {
      const { path = session.path, name = session.name, type = session.type } = patch;
      return { path, name, type };
    };
    const kernel = await this.#changedKernel(session, { ...wanted(), kernel: patch.kernel });
    // While a kernel started, the session may have been ended, or its file renamed.
    if (!this.#sessions.has(id)) {
      const isOurs = kernel !== session.kernel && typeof patch.kernel?.id !== 'string';
      if (isOurs) await this.#endUnused(kernel);
      this.require(id);
    }
    Object.assign(session, wanted());
    const old = session.kernel;
    session.kernel = kernel;
    // Who hears of the change knows then that the old one is being ended.
    const ended = old === kernel ? undefined : this.#endUnused(old);
    this.#changed();
    await ended;
    return session;
  }

  /**
   * Ends the session and its kernel.
   *
   * @throws {HttpError} 404 no such session, 410 its kernel was gone
   */
  async delete(id: string): Promise<void> {
    const session = this.require(id);
    this.#sessions.delete(id);
    const wasLive = this.#isLive(session.kernel);
    // Who hears of the change knows then that the kernel is being ended.
    const ended = this.#endUnused(session.kernel);
    this.#changed();
    if (!wasLive) throw new HttpError(410, 'Kernel deleted before session');
    await ended;
  }

  /** Called after a session was added, changed or removed. */
  onChange(listener: () => void): Subscription {
    return this.#listeners.add(listener);
  }

  /** The models of some sessions, and on request with what their kernels' processes use. */
  async models(sessions: readonly Session[], withResources: boolean): Promise<SessionModel[]> {
    const kernels = await this.#kernels.models(
      sessions.map(({ kernel }) => kernel),
      withResources,
    );
    return sessions.map((session, i) => ({
      ...this.model(session),
      kernel: kernels[i] ?? session.kernel.model(),
    }));
  }

  model(session: Session): SessionModel {
    const { id, path, name, type, kernel } = session;
    return {
      id,
      path,
      name,
      type,
      kernel: kernel.model(),
      ...(type === 'notebook' ? { notebook: { path, name } } : {}),
    };
  }

  /** Forgets the sessions; their kernels are the kernel manager's to end. */
  close(): void {
    this.#removals.close();
    this.#sessions.clear();
    this.#listeners.clear();
  }

  async #startedKernel(wanted: SessionRequest): Promise<Kernel> {
    const { id } = wanted.kernel ?? {};
    const given = typeof id === 'string' ? this.#kernels.get(id) : undefined;
    return given ?? this.#startKernel(wanted, id ?? undefined);
  }

  #add({ path, name }: Making, type: string, kernel: Kernel): Session {
    const session: Session = { id: randomUUID(), path, name, type, kernel };
    this.#sessions.set(session.id, session);
    this.#changed();
    return session;
  }

  async #changedKernel(session: Session, wanted: SessionRequest): Promise<Kernel> {
    const { id, name } = wanted.kernel ?? {};
    if (typeof id === 'string') {
      const kernel = this.#kernels.get(id);
      if (!kernel) throw new HttpError(400, `No such kernel: ${id}`);
      return kernel;
    }
    return typeof name === 'string' ? this.#startKernel(wanted) : session.kernel;
  }

  async #startKernel({ path, name, kernel }: SessionRequest, kernelId?: string): Promise<Kernel> {
    const cwd = await this.#kernelDirectory(path);
    return this.#kernels.start({
      name: kernel?.name ?? undefined,
      kernelId,
      cwd,
      sessionName: cwd !== undefined && name ? posix.join(cwd, name) : path,
    });
  }

  /** A kernel that another session uses goes on. */
  async #endUnused(kernel: Kernel): Promise<void> {
    const isUsed = this.list().some((session) => session.kernel === kernel);
    if (!isUsed && this.#isLive(kernel)) await this.#kernels.shutdown(kernel.id);
  }

  /** Sessions whose kernel was shut down are gone, too; one whose kernel died stays and can be restarted. */
  #dropOrphans(): void {
    let changed = false;
    for (const [id, { kernel }] of this.#sessions) {
      if (this.#isLive(kernel)) continue;
      this.#sessions.delete(id);
      changed = true;
    }
    if (changed) this.#changed();
  }

  #isLive(kernel: Kernel): boolean {
    return this.#kernels.get(kernel.id) === kernel;
  }

  #changed(): void {
    this.#listeners.emit(this.#log);
  }
}
