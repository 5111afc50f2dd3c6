/** `GET metrics` for Prometheus. What it needs is loaded by the first scrape; requests are counted from then on. */
import { Router } from 'express';
import type { RequestHandler } from 'express';
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
  let metrics: Promise<Metrics> | undefined;

  router.get('/metrics', async (_req, res) => {
    const { contentType, render } = await (metrics ??= createMetrics(sources));
    res.setHeader('Cache-Control', 'no-store');
    res.type(contentType).send(await render());
  });

  return Object.assign(router, {
    times: requestTimes((time) => void metrics?.then((made) => made.countRequest(time))),
    close: () => void metrics?.then((made) => made.close()),
  });
}
