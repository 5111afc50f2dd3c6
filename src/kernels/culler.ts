/** Ends kernels that nobody has used for a while, when their owner wants that (Jupyter's `cull_*` options). */
import type { Log } from '../log.js';
import type { Kernel } from './kernel.js';
import type { KernelManager } from './kernel-manager.js';

/** Times in seconds. */
export interface CullOptions {
  /** 0: only kernels whose spec says otherwise in `metadata.cull_idle_timeout` */
  idleTimeout: number;
  interval: number;
  /** also kernels that have websockets */
  connected: boolean;
  /** also kernels that are busy */
  busy: boolean;
  /** somebody has the notebook of this kernel open, although without a websocket to the kernel */
  isOpen?: (kernel: Kernel) => boolean;
}

export class KernelCuller {
  readonly #kernels: KernelManager;
  readonly #options: CullOptions;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;

  constructor(kernels: KernelManager, options: CullOptions, log: Log) {
    this.#kernels = kernels;
    this.#options = options;
    this.#log = log;
    this.#timer = setInterval(() => void this.cull(), options.interval * 1000);
    this.#timer.unref();
  }

  /** Ends what is due now. */
  async cull(now = Date.now()): Promise<void> {
    await Promise.all(
      this.#kernels.list().map(async (kernel) => {
        const timeout = this.#timeoutOf(kernel);
        const idle = (now - kernel.lastActivity.getTime()) / 1000;
        if (timeout <= 0 || idle < timeout || this.#isUsed(kernel)) return;
        this.#log.info(
          `Kernel ${kernel.id} (${kernel.name}) is ended: it was not used for ${Math.round(idle)} seconds (cull_idle_timeout).`,
        );
        try {
          await this.#kernels.shutdown(kernel.id);
        } catch (error) {
          // Somebody else ended it at the same moment.
          this.#log.debug(
            `Kernel ${kernel.id} was not ended: ${error instanceof Error ? error.message : error}`,
          );
        }
      }),
    );
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #timeoutOf(kernel: Kernel): number {
    const own = kernel.spec.metadata.cull_idle_timeout;
    return typeof own === 'number' ? own : this.#options.idleTimeout;
  }

  #isUsed(kernel: Kernel): boolean {
    const { connected, busy, isOpen } = this.#options;
    if (kernel.state === 'dead') return false;
    if (!busy && kernel.state !== 'idle') return true;
    return !connected && (kernel.connections > 0 || (isOpen?.(kernel) ?? false));
  }
}
