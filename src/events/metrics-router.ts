/** `GET metrics` for Prometheus. What it needs is loaded by the first scrape; requests are counted from then on. */
import { Router } from 'express';
import type { RequestHandler } from 'express';
import { loadOnce } from '../load-once.js';
import { createMetrics } from './metrics.js';
import type { Metrics, MetricSources } from './metrics.js';
import { requestTimes } from './request-times.js';

export interface MetricsRouter extends Router {
  /** has to see every request before all others do */
  times: RequestHandler;
  close(): void;
}

export function metricsRouter(sources: MetricSources): MetricsRouter {
  const router = Router({ caseSensitive: true });
  let metrics: Metrics | undefined;
  let isClosed = false;
  const made = loadOnce(async () => {
    metrics = await createMetrics(sources);
    if (isClosed) metrics.close();
    return metrics;
  });

  router.get('/metrics', async (_req, res) => {
    const { contentType, render } = await made();
    res.setHeader('Cache-Control', 'no-store');
    res.type(contentType).send(await render());
  });

  return Object.assign(router, {
    times: requestTimes((time) => metrics?.countRequest(time)),
    close() {
      isClosed = true;
      metrics?.close();
    },
  });
}
