/** Kernels: installed ones (kernelspecs), running ones, and their way to websockets. */
export type { KernelState } from './activity.js';
export { KernelBridge } from './bridge.js';
export type { BridgeOptions, KernelSocketRequest } from './bridge.js';
export type { QueueBounds } from './client-queue.js';
export type { PythonSearchOptions } from './environments.js';
export { KernelCuller } from './culler.js';
export { Kernel } from './kernel.js';
export type { MessageListener, RequestOptions } from './kernel.js';
export { defaultLimits } from './kernel-limits.js';
export type { KernelLimits } from './kernel-limits.js';
export { KernelManager } from './kernel-manager.js';
export type { KernelManagerOptions, StartOptions } from './kernel-manager.js';
export { cleanStaleConnectionFiles } from './kernel-records.js';
export { KernelspecManager } from './kernelspecs.js';
export type { KernelSpec, KernelspecOptions } from './kernelspecs.js';
export type { Subscription } from './listeners.js';
export { asksForResources, kernelsRouter } from './router.js';
export type { KernelsRouterOptions } from './router.js';
