/** `GET metrics` for Prometheus. What it needs is loaded by the first request. */
import { Router } from 'express';
import { createMetrics } from './metrics.js';
import type { Metrics, MetricSources } from './metrics.js';

export function metricsRouter(sources: MetricSources): Router & { close(): void } {
  const router = Router({ caseSensitive: true });
  let metrics: Promise<Metrics> | undefined;

  router.get('/metrics', async (_req, res) => {
    const { contentType, render } = await (metrics ??= createMetrics(sources));
    res.setHeader('Cache-Control', 'no-store');
    res.type(contentType).send(await render());
  });

  return Object.assign(router, {
    close: () => void metrics?.then((made) => made.close()),
  });
}
