/**
 * A kernel for tests that does what it is told: `node main.mjs CONNECTION_FILE [MODE]`.
 *
 * The code of a cell is JSON, a list of steps; each step is one of
 *   {"text": "abc"}                    a stream message
 *   {"flood": 20000, "size": 10}       that many stream messages, numbered from 0, padded to `size` characters
 *   {"burst": 20000, "size": 10}       the same, made first and then sent as fast as the socket takes them
 *   {"blobs": 50, "size": 10000000}    that many comm_msg with one buffer of that length
 *   {"display": 1000000}               display_data with that many characters
 *   {"buffers": [3, 100000]}           comm_msg with buffers of these lengths, filled with 0, 1, 2 … 250, 0 …
 *   {"raw": "<base64>"}                a stream message whose content is these bytes
 *   {"result": value}                  execute_result with text/plain
 *   {"input": "Name? "}                asks and prints the answer
 *   {"sleep": 1000}                    waits, can be interrupted
 *   {"until": "/path"}                 waits until there is such a file
 *   {"env": "NAME"}                    prints the variable, or "unset"
 *   {"cwd": true}                      prints the working directory
 *   {"stderr": "words"}                writes to the stderr of the process
 *   {"forged": true}, {"replayed": true}   publishes a stream "forged" with a wrong signature, or "replayed" twice
 *   {"child": true}                    starts a process that outlives this one, prints its id
 *   {"exit": 3}, {"kill": "SIGSEGV"}   ends at once
 *
 * MODE: `mute` never answers; `crash` says "boom" on stderr and exits with 7 at once; `brief` exits with 9, 150 ms after
 * it answered the first request; `fragile` ends when a message interrupts it; `hwm` drops what it cannot send, as most kernels do; `stubborn` ignores SIGTERM and shutdown requests; `taken` says that its port is in
 * use if it is the first start with this connection file's ports.
 *
 * Nothing here is shared with the server, so that both sides of the protocol are checked.
 */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { clearTimeout, setInterval, setTimeout } from 'node:timers';
import { Publisher, Reply, Router } from 'zeromq';

const [file, mode = ''] = process.argv.slice(2);
const connection = JSON.parse(readFileSync(file, 'utf8'));
const separator = connection.transport === 'ipc' ? '-' : ':';
const address = (channel) =>
  `${connection.transport}://${connection.ip}${separator}${connection[`${channel}_port`]}`;

if (mode === 'crash') {
  process.stderr.write('boom\n');
  process.exit(7);
}
if (mode === 'taken' && !existsSync(`${file}.second`)) {
  writeFileSync(`${file}.second`, String(connection.shell_port));
  process.stderr.write('zmq.error.ZMQError: Address already in use\n');
  process.exit(1);
}
if (mode === 'stubborn') process.on('SIGTERM', () => {});

// Not its parent of this moment: that may have ended while this program was loaded.
const parent = Number(process.env.JPY_PARENT_PID ?? process.ppid);
setInterval(() => process.ppid !== parent && process.exit(0), 200);

const options = { linger: 500, sendHighWaterMark: 0, receiveHighWaterMark: 0 };
const shell = new Router(options);
const control = new Router(options);
const stdin = new Router(options);
const iopub = new Publisher({ linger: 500, ...(mode === 'hwm' ? {} : { sendHighWaterMark: 0 }) });
const heartbeat = new Reply({ linger: 500 });
await Promise.all([
  shell.bind(address('shell')),
  control.bind(address('control')),
  stdin.bind(address('stdin')),
  iopub.bind(address('iopub')),
  heartbeat.bind(address('hb')),
]);

const session = randomUUID();
let count = 0;
let interrupt = () => {};
process.on('SIGINT', () => interrupt());

function frames(
  identities,
  type,
  parentHeader,
  content,
  { buffers = [], metadata = {}, forged = false } = {},
) {
  const header = {
    msg_id: randomUUID(),
    session,
    username: 'fake',
    date: new Date().toISOString(),
    msg_type: type,
  };
  const parts = [{ ...header, version: '5.3' }, parentHeader, metadata].map((part) =>
    Buffer.from(JSON.stringify(part)),
  );
  parts.push(Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content)));
  const hmac = createHmac('sha256', forged ? 'another key' : connection.key);
  for (const part of parts) hmac.update(part);
  return [...identities, '<IDS|MSG>', hmac.digest('hex'), ...parts, ...buffers];
}

/** One message at a time on a ZeroMQ socket. */
let published = Promise.resolve();
function publish(type, parentHeader, content, extra) {
  const message = frames([`fake.${type}`], type, parentHeader, content, extra);
  return (published = published.then(() => iopub.send(message)));
}

async function* requests(socket) {
  for await (const all of socket) {
    const at = all.findIndex((frame) => frame.toString() === '<IDS|MSG>');
    const parts = all.slice(at + 2, at + 6);
    const hmac = createHmac('sha256', connection.key);
    for (const part of parts) hmac.update(part);
    // A request with a wrong signature gets no answer.
    if (hmac.digest('hex') !== all[at + 1].toString()) continue;
    const [header, , , content] = parts.map((part) => JSON.parse(part.toString()));
    yield { identities: all.slice(0, at), header, content, buffers: all.slice(at + 6) };
  }
}

const inputs = requests(stdin);

/** One at a time on a socket; those for a subshell beside the others. */
async function serve(socket) {
  let before = Promise.resolve();
  for await (const request of requests(socket)) {
    if (mode === 'mute') continue;
    if (request.header.subshell_id) void handle(socket, request);
    else before = before.then(() => handle(socket, request));
  }
}

async function handle(socket, { identities, header, content, buffers }) {
  await publish('status', header, { execution_state: 'busy' });
  const reply = await answer(header, content, buffers, identities);
  if (reply) {
    const type = header.msg_type.replace('_request', '_reply');
    await socket.send(frames(identities, type, header, reply));
  }
  await publish('status', header, { execution_state: 'idle' });
  if (header.msg_type === 'shutdown_request' && mode !== 'stubborn') await end(0);
  if (header.msg_type === 'interrupt_request' && mode === 'fragile') await end(0);
  if (mode === 'brief') setTimeout(() => process.exit(9), 150);
}

async function answer(header, content, buffers, identities) {
  switch (header.msg_type) {
    case 'kernel_info_request':
      return {
        status: 'ok',
        protocol_version: '5.3',
        implementation: 'fake',
        implementation_version: '1',
        language_info: { name: 'fake', version: '1', mimetype: 'text/plain', file_extension: '.txt' },
        banner: 'A kernel for tests',
        help_links: [],
      };
    case 'execute_request':
      return execute(header, content, identities);
    case 'interrupt_request':
      interrupt();
      return { status: 'ok' };
    case 'comm_msg':
      // Comms get no reply; what came is published for the test to see.
      await publish('comm_msg', header, { comm_id: 'echo', data: content.data }, { buffers });
      return undefined;
    default:
      return { status: 'ok' };
  }
}

async function execute(header, content, identities) {
  count += 1;
  await publish('execute_input', header, { code: content.code, execution_count: count });
  try {
    for (const step of JSON.parse(content.code)) await run(step, header, identities);
    return { status: 'ok', execution_count: count, payload: [], user_expressions: {} };
  } catch (error) {
    const failure = { ename: error.name, evalue: error.message, traceback: [String(error)] };
    await publish('error', header, failure);
    return { status: 'error', execution_count: count, ...failure };
  }
}

async function run(step, header, identities) {
  const stream = (text, extra) => publish('stream', header, { name: 'stdout', text }, extra);
  const [name] = Object.keys(step);
  const value = step[name];
  switch (name) {
    case 'text':
      return stream(value);
    case 'flood':
      for (let i = 0; i < value; i++) await stream(`${i} `.padEnd(step.size ?? 0, 'x'));
      return undefined;
    case 'burst': {
      const messages = Array.from({ length: value }, (_, i) =>
        frames(['fake.stream'], 'stream', header, {
          name: 'stdout',
          text: `${i} `.padEnd(step.size ?? 0, 'x'),
        }),
      );
      await published;
      for (const message of messages) await iopub.send(message);
      return undefined;
    }
    case 'blobs': {
      const blob = Buffer.alloc(step.size, 7);
      for (let i = 0; i < value; i++)
        await publish('comm_msg', header, { comm_id: 'fake', data: { i } }, { buffers: [blob] });
      return undefined;
    }
    case 'display':
      return publish('display_data', header, { data: { 'text/plain': 'd'.repeat(value) }, metadata: {} });
    case 'buffers': {
      const buffers = value.map((length) => Buffer.from(Array.from({ length }, (_, i) => i % 251)));
      return publish('comm_msg', header, { comm_id: 'fake', data: {} }, { buffers });
    }
    case 'raw':
      return publish('stream', header, Buffer.from(value, 'base64'));
    case 'result':
      return publish('execute_result', header, {
        execution_count: count,
        data: { 'text/plain': String(value) },
        metadata: {},
      });
    case 'input': {
      await stdin.send(frames(identities, 'input_request', header, { prompt: value, password: false }));
      const { value: reply } = await inputs.next();
      return stream(`got ${reply.content.value}`);
    }
    case 'sleep':
      return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, value);
        interrupt = () => {
          clearTimeout(timer);
          reject(Object.assign(new Error('stopped'), { name: 'KeyboardInterrupt' }));
        };
      });
    case 'until':
      while (!existsSync(value)) await new Promise((resolve) => setTimeout(resolve, 10));
      return undefined;
    case 'env':
      return stream(process.env[value] ?? 'unset');
    case 'cwd':
      return stream(process.cwd());
    case 'stderr':
      process.stderr.write(value);
      return undefined;
    case 'forged':
      return stream('forged', { forged: true });
    case 'replayed': {
      const message = frames(['fake.stream'], 'stream', header, { name: 'stdout', text: 'replayed' });
      published = published.then(() => iopub.send(message)).then(() => iopub.send(message));
      return published;
    }
    case 'child': {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      return stream(String(child.pid));
    }
    case 'exit':
      await published;
      return process.exit(value);
    case 'kill':
      await published;
      process.kill(process.pid, value);
      return new Promise(() => {});
    default:
      throw new Error(`no step ${name}`);
  }
}

async function end(code) {
  for (const socket of [shell, control, stdin, iopub, heartbeat]) socket.close();
  setTimeout(() => process.exit(code), 20);
  return new Promise(() => {});
}

void (async () => {
  for await (const frame of heartbeat) await heartbeat.send(frame);
})();
void serve(control);
await serve(shell);
