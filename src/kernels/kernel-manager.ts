/** All kernels of this server: starts them, finds them, ends them. */
import type { Kernel, Subscription } from './kernel.js';
import type { KernelspecManager } from './kernelspecs.js';

export interface StartOptions {
  /** kernelspec name; the default kernel when absent */
  name?: string;
  /** a UUID chosen by the caller */
  kernelId?: string;
  /** absolute path; the nearest existing parent is used when it does not exist */
  cwd?: string;
  /** JPY_SESSION_NAME of the kernel's environment */
  sessionName?: string;
  /** added to the kernel's environment */
  env?: Record<string, string>;
}

export class KernelManager {
  constructor(readonly specs: KernelspecManager) {}
  /** @throws {HttpError} 501 when there is no such kernelspec or its command cannot be run, 409 when the id is in use */
  start(_options: StartOptions = {}): Promise<Kernel> {
    throw new Error('being written');
  }
  get(_id: string): Kernel | undefined {
    throw new Error('being written');
  }
  list(): Kernel[] {
    throw new Error('being written');
  }
  /** Called after a kernel was added or removed. */
  onChange(_listener: () => void): Subscription {
    throw new Error('being written');
  }
  shutdown(_id: string): Promise<void> {
    throw new Error('being written');
  }
  close(): Promise<void> {
    throw new Error('being written');
  }
}
