/** Counts the messages between the server and its kernels, and their bytes. */
import { wireLength } from '../protocol/wire-frames.js';
import type { WireMessage } from '../protocol/wire-frames.js';

export class Traffic {
  messages = 0;
  bytes = 0;

  count(message: WireMessage): void {
    this.messages += 1;
    this.bytes += wireLength(message);
  }
}

export interface KernelTraffic {
  readonly fromKernels: Traffic;
  readonly toKernels: Traffic;
}

export function noTraffic(): KernelTraffic {
  return { fromKernels: new Traffic(), toKernels: new Traffic() };
}
