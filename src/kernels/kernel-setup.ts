/** What a kernel is made with. */
import type { Log } from '../log.js';
import type { KernelEvent } from '../protocol/events.js';
import type { ConnectionInfo } from './connection-file.js';
import type { KernelLimits } from './kernel-limits.js';
import type { KernelSpec } from './kernelspecs.js';
import type { MemorySources } from './memory-watch.js';
import type { Command } from './process.js';
import type { ReadAheadBudget } from './read-ahead.js';
import type { KernelTraffic } from './traffic.js';

export interface KernelSetup {
  id: string;
  spec: KernelSpec;
  connectionFile: string;
  /** holds the last of what the process itself writes */
  outputFile: string;
  limits: KernelLimits;
  memory?: MemorySources;
  /** fresh ports and a fresh key */
  newConnection(): Promise<ConnectionInfo>;
  /** the command to run, made anew for each run */
  command(): Promise<Command>;
  /** called before a connection file is written */
  onFile(): void;
  /** called with the process id of each run, and with undefined when the kernel is dead */
  onProcess(pid: number | undefined): void;
  /** what somebody did with it, and how that went */
  onEvent(event: KernelEvent): void;
  traffic: KernelTraffic;
  readAhead: ReadAheadBudget;
  log: Log;
}
