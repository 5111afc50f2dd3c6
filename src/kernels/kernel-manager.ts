/** All kernels of this server: starts them, finds them, ends them. */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import type { KernelEvent } from '../protocol/events.js';
import type { KernelModel } from '../protocol/rest-models.js';
import { newConnection, runtimePaths } from './connection-file.js';
import type { Transport } from './connection-file.js';
import { Kernel } from './kernel.js';
import { defaultLimits } from './kernel-limits.js';
import type { KernelLimits } from './kernel-limits.js';
import { KernelRecords } from './kernel-records.js';
import type { KernelSpec, KernelspecManager } from './kernelspecs.js';
import { launchArguments, launchEnvironment } from './launch-command.js';
import { ListenerSet } from '../listeners.js';
import type { Subscription } from '../listeners.js';
import { ProcessResources } from '../process-resources.js';
import type { MemorySources } from './memory-watch.js';
import type { PortRange } from './ports.js';
import { ReadAheadBudget } from './read-ahead.js';
import { noTraffic } from './traffic.js';

export interface KernelManagerOptions {
  /** directory of connection files; made 0700 when it is missing */
  runtimeDirectory: string;
  /** what kernels inherit; credentials of the server are left out */
  env: Readonly<Record<string, string | undefined>>;
  /** names of further variables that no kernel may see */
  hiddenEnvironment?: readonly string[];
  /** home directory, for a `~` in a kernelspec */
  home?: string;
  /** where kernels start that belong to no file */
  defaultDirectory: string;
  /** `kernel_port_range` */
  portRange?: PortRange;
  /** how server and kernels talk; default tcp */
  transport?: Transport;
  limits?: Partial<KernelLimits>;
  /** where the system says what it does with memory */
  memory?: MemorySources;
  /** bytes that are read of kernels while no client has room for them; the default goes by the memory of the machine */
  readAhead?: number;
  /** told of every start, interrupt, restart and shutdown */
  onEvent?: (event: KernelEvent) => void;
  log: Log;
}

export interface StartOptions {
  /** kernelspec name; the default kernel when absent */
  name?: string;
  /** chosen by the caller, for example a gateway; letters, digits, `_` and `-` */
  kernelId?: string;
  /** absolute path; the nearest existing parent is used when it does not exist */
  cwd?: string;
  /** JPY_SESSION_NAME of the kernel's environment */
  sessionName?: string;
  /** added to the kernel's environment */
  env?: Record<string, string>;
}

export class KernelManager {
  readonly specs: KernelspecManager;
  /** with all kernels there ever were */
  readonly traffic = noTraffic();
  readonly #options: KernelManagerOptions;
  readonly #limits: KernelLimits;
  readonly #kernels = new Map<string, Kernel>();
  /** ids that are being started or ended; they cannot be used again yet */
  readonly #reserved = new Set<string>();
  readonly #ending = new Set<Promise<void>>();
  readonly #changeListeners = new ListenerSet<[]>();
  readonly #stateListeners = new ListenerSet<[Kernel]>();
  readonly #records: KernelRecords;
  readonly #resources = new ProcessResources();
  readonly #readAhead: ReadAheadBudget;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(specs: KernelspecManager, options: KernelManagerOptions) {
    this.specs = specs;
    this.#options = options;
    this.#readAhead = new ReadAheadBudget(options.readAhead);
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#records = new KernelRecords(options.runtimeDirectory, options.log);
  }

  /**
   * Starts a process; the kernel is ready later (`kernel.ready`).
   *
   * @throws {HttpError} 501 when there is no such kernelspec or its command cannot be run, 409 when the id is in use
   */
  async start(options: StartOptions = {}): Promise<Kernel> {
    const { name, kernelId = randomUUID() } = options;
    this.#assertOpen();
    // The id becomes part of a file name.
    if (!/^[\w-]{1,100}$/.test(kernelId)) throw new HttpError(400, `Not a kernel id: ${kernelId}`);
    if (this.#kernels.has(kernelId) || this.#reserved.has(kernelId)) {
      throw new HttpError(409, `Kernel already exists: ${kernelId}`);
    }
    this.#reserved.add(kernelId);
    try {
      const spec = await this.#spec(name);
      const kernel = this.#create(kernelId, spec, options);
      // Starting a process blocks the event loop for a moment; many at once are spaced.
      await (this.#turn = this.#turn.then(() => setImmediate()));
      this.#assertOpen();
      this.#kernels.set(kernelId, kernel);
      try {
        await kernel.start();
      } catch (error) {
        this.#kernels.delete(kernelId);
        throw error;
      }
      this.#options.log.info(`Kernel started: ${kernelId} (${spec.name})`);
      this.#changeListeners.emit(this.#options.log);
      return kernel;
    } finally {
      this.#reserved.delete(kernelId);
    }
  }

  /** A dead kernel stays, with its reason, until it is shut down or restarted. */
  get(id: string): Kernel | undefined {
    return this.#kernels.get(id);
  }

  /** @throws {HttpError} 404 */
  require(id: string): Kernel {
    const kernel = this.#kernels.get(id);
    if (!kernel) throw new HttpError(404, `Kernel does not exist: ${id}`);
    return kernel;
  }

  list(): Kernel[] {
    return [...this.#kernels.values()];
  }

  /** The models of some kernels, and on request with what their processes use. */
  async models(kernels: readonly Kernel[], withResources: boolean): Promise<KernelModel[]> {
    const pids = withResources ? kernels.flatMap(({ pid }) => (pid === undefined ? [] : [pid])) : [];
    const used = await this.#resources.measure(pids);
    return kernels.map((kernel) => kernel.model(used.get(kernel.pid ?? 0)));
  }

  /** Those that are not dead. */
  running(): Kernel[] {
    return this.list().filter(({ state }) => state !== 'dead');
  }

  /** How many kernels run of each kernelspec. */
  countByName(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { name } of this.running()) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  }

  /** Called after a kernel was added or removed. */
  onChange(listener: () => void): Subscription {
    return this.#changeListeners.add(listener);
  }

  /** Called when the state or the reason of any kernel changed. */
  onState(listener: (kernel: Kernel) => void): Subscription {
    return this.#stateListeners.add(listener);
  }

  /**
   * Ends a kernel; it is gone from the list at once.
   *
   * @throws {HttpError} 404
   */
  async shutdown(id: string): Promise<void> {
    const kernel = this.require(id);
    await this.#end(kernel);
    this.#options.log.info(`Kernel shut down: ${id} (${kernel.name})`);
  }

  /** Ends every kernel and removes what belongs to them. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const kernel of this.list()) void this.#end(kernel);
    await Promise.all(this.#ending);
    this.#records.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new HttpError(503, 'The server is stopping; no kernel can be started.');
  }

  async #spec(name: string | undefined): Promise<KernelSpec> {
    const wanted = name ?? (await this.specs.defaultName());
    const spec = await this.specs.get(wanted);
    if (spec) return spec;
    throw new HttpError(
      501,
      `The '${wanted}' kernel is not available. Please pick another suitable kernel instead, or install that kernel.`,
      null,
      { short_message: `${wanted} not found` },
    );
  }

  #create(id: string, spec: KernelSpec, { cwd, sessionName, env }: StartOptions): Kernel {
    const { runtimeDirectory, home, env: baseEnv, hiddenEnvironment, log } = this.#options;
    const { portRange, transport = 'tcp', memory } = this.#options;
    const { connectionFile, outputFile, socketPath } = runtimePaths(runtimeDirectory, id);
    const context = {
      connectionFile,
      homeDir: home,
      baseEnv,
      secrets: hiddenEnvironment,
      env,
      sessionName,
      parentPid: process.pid,
    };
    const kernel = new Kernel({
      id,
      spec,
      connectionFile,
      outputFile,
      limits: this.#limits,
      memory,
      newConnection: () =>
        newConnection({ kernelName: spec.name, sessionName, transport, portRange, socketPath }),
      command: async () => {
        const argv = launchArguments(spec, context);
        return {
          argv: [await this.specs.resolvePython(argv), ...argv.slice(1)],
          cwd: cwd ?? this.#options.defaultDirectory,
          env: launchEnvironment(spec, context),
          outputFile,
          onOutput: (text) => log.debug(`Kernel ${id} wrote: ${text.trimEnd()}`),
        };
      },
      onFile: () => this.#records.expect(connectionFile),
      onProcess: (pid) => this.#records.set(connectionFile, pid),
      onEvent: (event) => this.#options.onEvent?.(event),
      traffic: this.traffic,
      readAhead: this.#readAhead,
      log,
    });
    kernel.onState(() => this.#stateListeners.emit(log, kernel));
    return kernel;
  }

  #end(kernel: Kernel): Promise<void> {
    this.#kernels.delete(kernel.id);
    this.#reserved.add(kernel.id);
    const ended = kernel.shutdown().finally(() => {
      this.#reserved.delete(kernel.id);
      this.#ending.delete(ended);
    });
    this.#ending.add(ended);
    this.#changeListeners.emit(this.#options.log);
    return ended;
  }
}
