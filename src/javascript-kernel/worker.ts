/** The JavaScript kernel, worker thread: opens the sockets and lets a `Kernel` answer on them. */
import { parentPort, workerData } from 'node:worker_threads';
import { readConnectionFile } from './connection-file.js';
import { Kernel } from './kernel.js';
import type { WorkerStart } from './thread-messages.js';

if (!parentPort) throw new Error('worker.js is a part of the JavaScript kernel; start main.js');
const start = workerData as WorkerStart;
const kernel = new Kernel(readConnectionFile(start.connectionFile), parentPort, start);
await kernel.open();
