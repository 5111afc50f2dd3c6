// How long an execute takes through a server's websocket, and straight on the kernel's ZeroMQ sockets.
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import WebSocket from 'ws';
import { Dealer, Subscriber } from 'zeromq';

/** @returns milliseconds, sorted: `through` the server, `direct`, and the kernel both were measured on */
export async function roundTrips(server, rounds) {
  const answer = await server.request('api/kernels', { method: 'POST', body: '{"name":"python3"}' });
  if (answer.status !== 201) throw new Error(`${server.name}: no Python kernel (${answer.status})`);
  const { id } = await answer.json();
  const clients = [await overWebsocket(server, id), await overZeromq(server.connectionFile(id))];
  const times = [[], []];
  // In turn, so that both meet the same moods of the machine.
  for (let i = 0; i < rounds + 20; i++)
    for (const [at, client] of clients.entries()) {
      const took = await client.execute();
      if (i >= 20) times[at].push(took); // the first ones warm up
    }
  for (const client of clients) await client.close();
  const [through, direct] = times.map((each) => each.sort((a, b) => a - b));
  await server.request(`api/kernels/${id}`, { method: 'DELETE' });
  return { through, direct };
}

function executeRequest(session) {
  const header = {
    msg_id: randomUUID(),
    session,
    username: 'bench',
    date: new Date().toISOString(),
    msg_type: 'execute_request',
    version: '5.3',
  };
  const content = {
    code: '1',
    silent: false,
    store_history: false,
    user_expressions: {},
    allow_stdin: false,
    stop_on_error: true,
  };
  return { header, parent_header: {}, metadata: {}, content };
}

/** Counts a round as over when its reply and its idle status have both come. */
function waiter() {
  const state = { id: '', reply: false, idle: false, done: undefined };
  return {
    expect(id) {
      Object.assign(state, { id, reply: false, idle: false });
      return new Promise((resolve) => (state.done = resolve));
    },
    saw(parent, type, content) {
      if (parent !== state.id) return;
      if (type === 'execute_reply') state.reply = true;
      if (type === 'status' && content().execution_state === 'idle') state.idle = true;
      if (state.reply && state.idle) state.done?.();
    },
  };
}

async function execute(send, wait) {
  const message = executeRequest('bench');
  const over = wait.expect(message.header.msg_id);
  const started = performance.now();
  send(message);
  await over;
  return performance.now() - started;
}

async function overWebsocket(server, kernelId) {
  const socket = new WebSocket(
    `${server.url.replace('http', 'ws')}api/kernels/${kernelId}/channels?session_id=${randomUUID()}`,
    { headers: server.headers },
  );
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const wait = waiter();
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString());
    wait.saw(message.parent_header.msg_id, message.header.msg_type, () => message.content);
  });
  const send = (message) => socket.send(JSON.stringify({ ...message, channel: 'shell', buffers: [] }));
  return { execute: () => execute(send, wait), close: () => socket.close() };
}

async function overZeromq(connection) {
  const address = (port) => `tcp://127.0.0.1:${port}`;
  const shell = new Dealer({ linger: 0 });
  const iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  iopub.subscribe();
  shell.connect(address(connection.shell_port));
  iopub.connect(address(connection.iopub_port));
  const wait = waiter();
  const pump = async (socket) => {
    for await (const frames of socket) {
      const at = frames.findIndex((frame) => frame.toString() === '<IDS|MSG>');
      const [header, parent, , content] = frames
        .slice(at + 2)
        .map((frame) => () => JSON.parse(frame.toString()));
      wait.saw(parent().msg_id, header().msg_type, content);
    }
  };
  const pumps = [pump(shell), pump(iopub)].map((each) => each.catch(() => undefined)); // closing ends them
  const send = (message) => {
    const parts = [message.header, {}, {}, message.content].map((part) => Buffer.from(JSON.stringify(part)));
    const hmac = createHmac('sha256', connection.key);
    for (const part of parts) hmac.update(part);
    void shell.send(['<IDS|MSG>', hmac.digest('hex'), ...parts]);
  };
  // A SUB joins late, and what is published before is lost to it: asked again until reply and idle have both come.
  let joined = false;
  for (let tries = 0; !joined; tries++) {
    if (tries === 20) throw new Error('the kernel does not answer on its own sockets');
    joined = await Promise.race([execute(send, wait), pause(500, false)]);
  }
  return {
    execute: () => execute(send, wait),
    async close() {
      shell.close();
      iopub.close();
      await Promise.all(pumps);
    },
  };
}
