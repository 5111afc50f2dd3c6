/** What `GET metrics` shows, in Prometheus's text format; Jupyter's names where it has one. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { RequestTime } from './request-times.js';

/** Messages and bytes, counted up since the start. */
export interface Traffic {
  messages: number;
  bytes: number;
}

export interface MetricSources {
  version: string;
  started: Date;
  lastActivity(): Date;
  /** running kernels by kernelspec name */
  kernels(): ReadonlyMap<string, number>;
  /** running terminals; absent where there are none to count */
  terminals?(): number;
  /** open websockets by what they are for */
  websockets(): ReadonlyMap<string, number>;
  /** between the server and all kernels there ever were */
  kernelTraffic(): { fromKernels: Readonly<Traffic>; toKernels: Readonly<Traffic> };
}

export interface Metrics {
  contentType: string;
  render(): Promise<string>;
  countRequest(time: RequestTime): void;
  close(): void;
}

/** Seconds: from a status to the export of a large notebook. */
const requestBuckets = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];
/** ms between looks at the event loop. */
const lagResolution = 20;

/** Loads prom-client; what is measured all the time (the lag of the event loop) is measured from here on. */
export async function createMetrics(sources: MetricSources): Promise<Metrics> {
  const { Counter, Gauge, Histogram, Registry } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  const perLabel = (name: string, help: string, label: string, values: () => ReadonlyMap<string, number>) =>
    new Gauge({
      name,
      help,
      registers,
      labelNames: [label],
      collect() {
        this.reset();
        for (const [value, count] of values()) this.set({ [label]: value }, count);
      },
    });
  const traffic = (name: string, help: string, unit: keyof Traffic) =>
    new Counter({
      name,
      help,
      registers,
      labelNames: ['direction'],
      collect() {
        const { fromKernels, toKernels } = sources.kernelTraffic();
        this.reset();
        this.inc({ direction: 'from_kernel' }, fromKernels[unit]);
        this.inc({ direction: 'to_kernel' }, toKernels[unit]);
      },
    });

  const { version } = sources;
  new Gauge({ name: 'nbserver_info', help: 'Version of the server', registers, labelNames: ['version'] }).set(
    { version },
    1,
  );
  gauge('jupyter_server_started_timestamp_seconds', 'When the server was started', () =>
    seconds(sources.started),
  );
  gauge('jupyter_server_last_activity_timestamp_seconds', 'When somebody last used it', () =>
    seconds(sources.lastActivity()),
  );
  perLabel('kernel_currently_running_total', 'Running kernels by kernelspec', 'type', sources.kernels);
  const { terminals } = sources;
  if (terminals) gauge('terminal_currently_running_total', 'Running terminals', terminals);
  perLabel('nbserver_websockets_open', 'Open websockets by what they are for', 'kind', sources.websockets);
  traffic('nbserver_kernel_messages_total', 'Messages between server and kernels', 'messages');
  traffic('nbserver_kernel_message_bytes_total', 'Bytes of these messages', 'bytes');
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'How long requests took, since the first scrape',
    registers,
    labelNames: ['method', 'handler', 'status_code'],
    buckets: requestBuckets,
  });
  const stopLag = eventLoopLag(gauge);
  processMetrics(gauge);
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the server without its kernels',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });

  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    countRequest: ({ seconds, ...labels }) => requests.observe(labels, seconds),
    close: stopLag,
  };
}

type MakeGauge = (name: string, help: string, value: () => number) => unknown;

function processMetrics(gauge: MakeGauge): void {
  gauge('process_resident_memory_bytes', 'Memory of the server without its kernels', () =>
    process.memoryUsage.rss(),
  );
  gauge(
    'nodejs_heap_size_used_bytes',
    'Part of it that is JavaScript in use',
    () => process.memoryUsage().heapUsed,
  );
}

/** How long the event loop kept others waiting since the last look: the one number that tells a server in trouble. */
function eventLoopLag(gauge: MakeGauge): () => void {
  const histogram = monitorEventLoopDelay({ resolution: lagResolution });
  histogram.enable();
  // The histogram holds the time between two looks; what is over the resolution is the lag.
  const lag = (nanoseconds: number) => Math.max(0, (nanoseconds || 0) / 1e9 - lagResolution / 1000);
  const since = 'since the last scrape, in seconds';
  gauge('nodejs_eventloop_lag_mean_seconds', `Mean lag of the event loop ${since}`, () =>
    lag(histogram.mean),
  );
  gauge('nodejs_eventloop_lag_p99_seconds', `99th percentile of it ${since}`, () =>
    lag(histogram.percentile(99)),
  );
  gauge('nodejs_eventloop_lag_max_seconds', `The longest ${since}`, () => {
    const longest = lag(histogram.max);
    histogram.reset();
    return longest;
  });
  return () => histogram.disable();
}

function seconds(date: Date): number {
  return date.getTime() / 1000;
}
