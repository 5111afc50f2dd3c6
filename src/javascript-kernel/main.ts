/**
 * The JavaScript kernel, main thread: user code runs here, and nothing else waits for it.
 *
 * `node main.js CONNECTION_FILE`. The worker thread holds the sockets and answers heartbeat, control and interrupts while
 * user code spins.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { version } from '../package-files.js';
import { CellContext } from './cell-context.js';
import { CellRunner } from './cell-runner.js';
import { CellTimers } from './cell-timers.js';
import { Comms } from './comms.js';
import { createDisplay, type Publish } from './display.js';
import { ErrorReporter } from './error-report.js';
import { Evaluator } from './evaluator.js';
import { installModules } from './modules.js';
import { installOutput } from './output.js';
import { Prompter } from './prompt.js';
import { RequestLoop } from './request-loop.js';
import { installStackTraces } from './stack-traces.js';
import { startWorker } from './start-worker.js';
import { createRing, RingWriter } from './text-ring.js';
import type { MainToWorker, WorkerStart, WorkerToMain } from './thread-messages.js';

const connectionFile = process.argv[2];
if (connectionFile === undefined) {
  process.stderr.write('usage: node main.js CONNECTION_FILE (a notebook server starts this kernel)\n');
  process.exit(2);
}

const ring = createRing();
const flags = new SharedArrayBuffer(8);
const answers = new MessageChannel();
const workerData: WorkerStart = { connectionFile, ring, flags, answers: answers.port2, version };
const worker = startWorker(workerData, [answers.port2]);
const post = (message: MainToWorker) => worker.postMessage(message);

const colors = !process.env.NO_COLOR;
/** What `import` and `require` are relative to. No such file needs to exist: only its folder counts. */
const notebookFile = join(process.cwd(), 'notebook.js');
const writer = new RingWriter(ring, (now) => post({ kind: 'output', now }));
const context = new CellContext();
const timers = new CellTimers(context);
const evaluator = new Evaluator();
const reporter = new ErrorReporter(colors);
const publish: Publish = (type, content) =>
  post({ kind: 'publish', position: writer.position, cell: context.cell, type, content });
const runner = new CellRunner({ evaluator, context, reporter, publish, colors });
const comms = new Comms((type, content, metadata, buffers) => {
  const { position } = writer;
  post({ kind: 'publish', position, cell: context.cell, type, content, extras: { metadata, buffers } });
});
const position = () => writer.position;
const loop = new RequestLoop({ runner, evaluator, context, timers, comms, position, post });
const display = createDisplay(publish, colors);

installStackTraces([new URL('.', import.meta.url).href, notebookFile]);
timers.install();
installOutput(writer, context, () => display.clear(), colors);
installModules(notebookFile);
for (const [name, value] of Object.entries({ display, comms })) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
new Prompter(
  {
    allowed: () => loop.mayAsk(context.cell),
    send: (prompt, password) =>
      post({ kind: 'input', position: writer.position, cell: context.cell, prompt, password }),
  },
  flags,
  answers.port1,
).install();

// The server interrupts by message; a SIGINT meant for the terminal's group must not end the notebook's state.
process.on('SIGINT', () => {});
process.on('uncaughtException', (error) => runner.late(error, timers.cellOfError(error) ?? context.cell));
process.on('unhandledRejection', (reason, promise) => {
  const cell = context.ofPromise(promise);
  // What an interrupt broke off is no news.
  if (!loop.wasInterrupted(cell)) runner.late(reason, cell);
});

let exiting = false;
worker.on('message', (message: WorkerToMain) => {
  if (message.kind !== 'exit') return loop.receive(message);
  exiting = true;
  process.exit(0);
});
worker.on('error', (error) => {
  exiting = true;
  writeSync(2, `The JavaScript kernel stopped: ${error.stack}\n`);
  process.exit(1);
});
process.on('exit', () => {
  if (exiting) return;
  // process.exit() in a cell: what it printed goes out, and the sockets close before their thread is torn down.
  post({ kind: 'exiting', position: writer.position });
  Atomics.wait(new Int32Array(flags), 1, 0, 2000);
});

post({ kind: 'ready' });
