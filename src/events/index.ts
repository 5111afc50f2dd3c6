/** Events of contents and kernels for whoever listens, and numbers for who watches the server. */
export { EventBus } from './event-bus.js';
export { metricsRouter } from './metrics-router.js';
export type { MetricSources } from './metrics.js';
export { eventsRouter } from './router.js';
export { handleEventSocket } from './socket.js';
export type { EventSocketOptions } from './socket.js';
