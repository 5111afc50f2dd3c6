/** Starts the worker thread: the bundle beside this one, or, when the kernel runs from its sources, the source. */
import { existsSync } from 'node:fs';
import { Worker, type Transferable } from 'node:worker_threads';

export function startWorker(workerData: object, transferList: Transferable[]): Worker {
  const bundled = new URL('./worker.js', import.meta.url);
  if (existsSync(bundled)) return new Worker(bundled, { workerData, transferList });
  // A worker does not inherit tsx's loader from the main thread's `--import tsx`.
  const api = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const source = JSON.stringify(new URL('./worker.ts', import.meta.url).href);
  const code = `import(${api}).then(({ register }) => { register(); return import(${source}); })`;
  return new Worker(code, { eval: true, workerData, transferList });
}
