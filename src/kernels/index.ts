/** Kernels: installed ones (kernelspecs), running ones, and their way to websockets. */
export { Kernel } from './kernel.js';
export type { KernelState, MessageListener, RequestOptions, Subscription } from './kernel.js';
export { KernelManager } from './kernel-manager.js';
export type { StartOptions } from './kernel-manager.js';
export { KernelspecManager } from './kernelspecs.js';
export type { KernelSpec } from './kernelspecs.js';
