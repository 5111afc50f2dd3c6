/** The kernel that most people use: Debian's ipykernel, over real websockets. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChannelClient } from '../fake-kernel/channel-client.js';
import { startKernelServer } from '../fake-kernel/kernel-server.js';
import type { KernelServer } from '../fake-kernel/kernel-server.js';
import { hasPythonKernel } from '../parts.js';

describe.skipIf(!hasPythonKernel)('ipykernel', () => {
  let server: KernelServer;
  let id: string;
  let client: ChannelClient;
  beforeAll(async () => {
    server = await startKernelServer({ dataPath: ['/usr/share/jupyter'], limits: { restartDelays: [0] } });
    ({ id } = await server.kernels.start({ name: 'python3' }));
    client = await ChannelClient.open(server.wsUrl, id);
  });
  afterAll(() => server.close());

  const run = async (code: string) => {
    const cell = client.executeCode(code);
    return { cell, reply: await client.done(cell) };
  };

  it('loses nothing of the very first cell', async () => {
    const { cell, reply } = await run('print("first")\n6 * 7');
    expect(reply.content.status).toBe('ok');
    expect(client.output(cell)).toBe('first\n');
    const result = await client.until(({ header }) => header.msg_type === 'execute_result');
    expect(result.content.data).toEqual({ 'text/plain': '42' });
  });

  it('describes itself', () => {
    expect(server.kernels.require(id).info).toMatchObject({
      implementation: 'ipython',
      language_info: { name: 'python' },
    });
  });

  it('asks for input in the first cell that runs', async () => {
    const cell = client.executeCode('print("Hello", input("Name? "))');
    const request = await client.until(({ channel }) => channel === 'stdin');
    client.send('stdin', 'input_reply', { value: 'Ada', status: 'ok' }, { parent: request.header });
    await client.done(cell);
    expect(client.output(cell)).toBe('Hello Ada\n');
  });

  it('is interrupted by a signal and keeps its state', async () => {
    await run('x = 12');
    const cell = client.executeCode('import time\nprint("go", flush=True)\ntime.sleep(60)');
    await client.until(({ header, parent }) => header.msg_type === 'stream' && parent.msg_id === cell);
    await server.api('POST', `api/kernels/${id}/interrupt`);
    expect((await client.done(cell)).content).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
    const { cell: next } = await run('print(x)');
    expect(client.output(next)).toBe('12\n');
  });

  it('restarts with the websocket open, on the same ports and without its state', async () => {
    const file = join(server.home, 'runtime', `kernel-${id}.json`);
    const before = readFileSync(file, 'utf8');
    expect((await server.api('POST', `api/kernels/${id}/restart`)).status).toBe(200);
    expect(readFileSync(file, 'utf8')).toBe(before);
    const { reply } = await run('x');
    expect(reply.content).toMatchObject({ status: 'error', ename: 'NameError' });
    expect(client.received.filter(({ content }) => content.execution_state === 'restarting')).toEqual([]);
  });

  it('goes on after it was killed, on the same websocket', async () => {
    client.executeCode('import os, signal; os.kill(os.getpid(), signal.SIGKILL)');
    await client.status('restarting');
    expect(server.kernels.require(id).reason).toMatch(/SIGKILL/);
    const { cell } = await run('print("back")');
    expect(client.output(cell)).toBe('back\n');
  });

  it('ends with the server, and leaves nothing', async () => {
    const { cell } = await run('import os; print(os.getpid())');
    const pid = Number(client.output(cell));
    await server.kernels.close();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(readdirSync(join(server.home, 'runtime'))).toEqual([]);
    await expect(server.kernels.start({ name: 'python3' })).rejects.toThrow(/stopping/);
  });
});
