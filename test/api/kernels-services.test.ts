/** JupyterLab's own client library drives kernels and sessions. */
import { KernelManager, KernelSpecManager, ServerConnection, SessionManager } from '@jupyterlab/services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import { startKernelServer } from '../fake-kernel/kernel-server.js';
import type { KernelServer } from '../fake-kernel/kernel-server.js';

let server: KernelServer;
let serverSettings: ServerConnection.ISettings;
beforeAll(async () => {
  server = await startKernelServer({ limits: { restartDelays: [0] } });
  serverSettings = ServerConnection.makeSettings({
    baseUrl: server.url,
    wsUrl: server.wsUrl,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    fetch,
  });
});
afterAll(() => server.close());

it('lists kernelspecs, runs a cell, restarts, changes the kernel and shuts down', async () => {
  const kernelManager = new KernelManager({ serverSettings });
  const sessions = new SessionManager({ kernelManager, serverSettings });
  const specs = new KernelSpecManager({ serverSettings });
  await specs.ready;
  expect(specs.specs?.default).toBe('fake');
  expect(specs.specs?.kernelspecs.fake?.display_name).toBe('fake');

  const session = await sessions.startNew({
    path: 'a.ipynb',
    name: 'a',
    type: 'notebook',
    kernel: { name: 'fake' },
  });
  const kernel = session.kernel;
  if (!kernel) throw new Error('The session has no kernel.');
  expect((await kernel.info).implementation).toBe('fake');
  const run = async (steps: object[]) => {
    const future = session.kernel?.requestExecute({ code: JSON.stringify(steps) });
    if (!future) throw new Error('The session has no kernel.');
    const types: string[] = [];
    future.onIOPub = (message) => void types.push(message.header.msg_type);
    const reply = await future.done;
    return { types, status: reply.content.status };
  };
  expect(await run([{ text: 'a' }, { result: 1 }])).toEqual({
    types: ['status', 'execute_input', 'stream', 'execute_result', 'status'],
    status: 'ok',
  });

  const sleeping = run([{ sleep: 60_000 }]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await kernel.interrupt();
  expect((await sleeping).status).toBe('error');

  await kernel.restart();
  expect((await run([{ text: 'b' }])).status).toBe('ok');

  await session.changeKernel({ name: 'fake-message' });
  await session.kernel?.info;
  expect((await run([{ text: 'c' }])).status).toBe('ok');
  expect(server.kernels.list().map(({ name }) => name)).toEqual(['fake-message']);

  await session.setPath('b.ipynb');
  expect(server.sessions.findByPath('b.ipynb')).toBeDefined();
  await session.shutdown();
  expect(server.kernels.list()).toEqual([]);
  sessions.dispose();
  kernelManager.dispose();
  specs.dispose();
});
