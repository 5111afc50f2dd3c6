/** Sessions: which kernel belongs to which notebook (or console, or file). */
import type { Kernel, Subscription } from '../kernels/index.js';
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

export interface SessionPatch {
  path?: string;
  name?: string;
  type?: string;
  kernel?: KernelChoice;
}

export class SessionManager {
  /** One session per path: when there is one, it is the answer, also when two calls race. */
  create(_wanted: { path: string; name?: string; type: string; kernel?: KernelChoice }): Promise<Session> {
    throw new Error('being written');
  }
  get(_id: string): Session | undefined {
    throw new Error('being written');
  }
  findByPath(_path: string): Session | undefined {
    throw new Error('being written');
  }
  list(): Session[] {
    throw new Error('being written');
  }
  /** A file, or a directory with everything below it, moved. */
  rename(_from: string, _to: string): void {
    throw new Error('being written');
  }
  /** @throws {HttpError} 404 no such session, 400 no such kernel, 501 kernel not available */
  change(_id: string, _patch: SessionPatch): Promise<Session> {
    throw new Error('being written');
  }
  /** Ends the session and its kernel. */
  delete(_id: string): Promise<void> {
    throw new Error('being written');
  }
  /** Called after a session was added, changed or removed. */
  onChange(_listener: () => void): Subscription {
    throw new Error('being written');
  }
  model(_session: Session): SessionModel {
    throw new Error('being written');
  }
}
