import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SessionModel } from '../../src/protocol/rest-models.js';
import { ChannelClient } from '../fake-kernel/channel-client.js';
import { startKernelServer } from '../fake-kernel/kernel-server.js';
import type { KernelServer } from '../fake-kernel/kernel-server.js';

let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer({ limits: { restartDelays: [0], shutdownWait: 2000 } });
});
afterEach(async () => {
  for (const { id } of server.kernels.list()) await server.kernels.shutdown(id);
  expect(server.sessions.list()).toEqual([]);
});
afterAll(() => server.close());

const notebook = { path: 'folder/a.ipynb', name: 'a.ipynb', type: 'notebook', kernel: { name: 'fake' } };
const post = (body: unknown) => server.api('POST', 'api/sessions', body);
async function create(body: object = notebook): Promise<SessionModel> {
  const answer = await post(body);
  expect(answer.status).toBe(201);
  return answer.body as SessionModel;
}

describe('POST api/sessions', () => {
  it('starts a kernel in the directory of the notebook and answers the model', async () => {
    const session = await create();
    expect(session).toEqual({
      id: expect.stringMatching(/^\w+-\w+-\w+-\w+-\w+$/) as string,
      path: 'folder/a.ipynb',
      name: 'a.ipynb',
      type: 'notebook',
      notebook: { path: 'folder/a.ipynb', name: 'a.ipynb' },
      kernel: expect.objectContaining({ name: 'fake', execution_state: 'starting' }) as object,
    });
    const client = await ChannelClient.open(server.wsUrl, session.kernel.id);
    const cell = client.execute({ cwd: true }, { text: ' ' }, { env: 'JPY_SESSION_NAME' });
    await client.done(cell);
    const folder = join(server.notebooks, 'folder');
    expect(client.output(cell)).toBe(`${folder} ${join(folder, 'a.ipynb')}`);
    expect((await server.api('GET', 'api/sessions')).body).toMatchObject([{ id: session.id }]);
    expect((await server.api('GET', `api/sessions/${session.id}`)).body).toMatchObject({ id: session.id });
  });

  it('answers the session that the path has, also when requests race', async () => {
    const sessions = await Promise.all([create(), create(), create()]);
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(1);
    expect((await create()).id).toBe(sessions[0]?.id);
    expect(server.kernels.list()).toHaveLength(1);
  });

  it('follows a file that is renamed while its kernel starts', async () => {
    const making = server.sessions.create(notebook);
    server.sessions.rename('folder', 'other');
    const again = server.sessions.create({ ...notebook, path: 'other/a.ipynb' });
    server.sessions.rename('other/a.ipynb', 'other/b.ipynb');
    const made = await making;
    expect(made).toMatchObject({ path: 'other/b.ipynb', name: 'b.ipynb' });
    expect(await again).toBe(made);
    expect(server.sessions.findByPath('other/b.ipynb')).toBe(made);
    expect(server.kernels.list()).toHaveLength(1);
  });

  it('has no notebook key for other types', async () => {
    expect(await create({ ...notebook, type: 'console' })).not.toHaveProperty('notebook');
  });

  it('takes a kernel that runs, and starts one with the wanted id otherwise', async () => {
    const kernel = await server.kernels.start({ name: 'fake' });
    expect((await create({ ...notebook, kernel: { id: kernel.id } })).kernel.id).toBe(kernel.id);
    const wanted = { ...notebook, path: 'b.ipynb', kernel: { id: 'my-kernel', name: 'fake' } };
    expect((await create(wanted)).kernel.id).toBe('my-kernel');
  });

  it('takes the form of older clients', async () => {
    expect(await create({ notebook: { path: 'old.ipynb' }, kernel: { name: null } })).toMatchObject({
      path: 'old.ipynb',
      type: 'notebook',
      kernel: { name: 'fake' },
    });
  });

  it.each([
    ['no body', undefined, 'No JSON data provided'],
    ['no path', { type: 'notebook' }, 'Missing field in JSON data: path'],
    ['no type', { path: 'a.ipynb' }, 'Missing field in JSON data: type'],
    ['a path that is no text', { path: 7, type: 'notebook' }, 'path has to be a string.'],
  ])('answers 400 for %s', async (_name, body, message) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { message, reason: null } });
  });

  it('answers 501 with a short message when there is no such kernel', async () => {
    expect(await post({ ...notebook, kernel: { name: 'x' } })).toMatchObject({
      status: 501,
      body: {
        message:
          "The 'x' kernel is not available. Please pick another suitable kernel instead, or install that kernel.",
        short_message: 'x not found',
      },
    });
  });

  it('starts a dead kernel again', async () => {
    const { id, kernel } = await create({ ...notebook, kernel: { name: 'fake-crash' } });
    await expect(server.kernels.require(kernel.id).ready).rejects.toThrow(/boom/);
    const again = await create();
    expect(again).toMatchObject({ id, kernel: { id: kernel.id, execution_state: 'restarting' } });
    await expect(server.kernels.require(kernel.id).ready).rejects.toThrow(/boom/);
  });
});

describe('PATCH api/sessions/<id>', () => {
  it('renames, and keeps the kernel', async () => {
    const { id, kernel } = await create();
    const answer = await server.api('PATCH', `api/sessions/${id}`, { path: 'b.ipynb', name: 'b.ipynb' });
    expect(answer).toMatchObject({ status: 200, body: { id, path: 'b.ipynb', kernel: { id: kernel.id } } });
    expect((await create()).id).not.toBe(id);
  });

  it('changes the kernel by name and ends the old one', async () => {
    const { id, kernel } = await create();
    const answer = await server.api('PATCH', `api/sessions/${id}`, { kernel: { name: 'fake-message' } });
    expect(answer).toMatchObject({ status: 200, body: { kernel: { name: 'fake-message' } } });
    expect(server.kernels.list().map(({ name }) => name)).toEqual(['fake-message']);
    expect(server.kernels.get(kernel.id)).toBeUndefined();
  });

  it('changes to a running kernel by id', async () => {
    const { id } = await create();
    const other = await server.kernels.start({ name: 'fake' });
    const answer = await server.api('PATCH', `api/sessions/${id}`, { kernel: { id: other.id } });
    expect(answer).toMatchObject({ status: 200, body: { kernel: { id: other.id } } });
    expect(server.kernels.list()).toEqual([other]);
  });

  it.each([
    ['the session', (session: SessionModel) => server.sessions.delete(session.id)],
    ['its kernel', (session: SessionModel) => server.kernels.shutdown(session.kernel.id)],
  ])('leaves no kernel behind when %s is ended while the new one starts', async (_what, end) => {
    const session = await create();
    const changing = server.sessions.change(session.id, { kernel: { name: 'fake-message' } });
    const [change] = await Promise.allSettled([changing, end(session)]);
    expect(change).toMatchObject({ status: 'rejected', reason: { status: 404 } });
    expect(server.kernels.list()).toEqual([]);
  });

  it('keeps the path of a file that is renamed while the new kernel starts', async () => {
    const { id } = await create();
    const changing = server.sessions.change(id, { kernel: { name: 'fake-message' } });
    server.sessions.rename('folder', 'other');
    expect(await changing).toMatchObject({ path: 'other/a.ipynb', kernel: { name: 'fake-message' } });
  });

  it('refuses what is not there, and leaves the session as it was', async () => {
    const before = await create();
    const patch = (id: string, body: object) => server.api('PATCH', `api/sessions/${id}`, body);
    expect(await patch('nothing', {})).toMatchObject({
      status: 404,
      body: { message: "Session not found: session_id='nothing'" },
    });
    expect(await patch(before.id, { kernel: { id: 'x' } })).toMatchObject({
      status: 400,
      body: { message: 'No such kernel: x' },
    });
    expect((await patch(before.id, { path: 'z', kernel: { name: 'x' } })).status).toBe(501);
    const after = (await server.api('GET', `api/sessions/${before.id}`)).body as SessionModel;
    expect({ path: after.path, kernel: after.kernel.id }).toEqual({
      path: before.path,
      kernel: before.kernel.id,
    });
  });
});

describe('DELETE api/sessions/<id>', () => {
  it('ends the kernel', async () => {
    const { id, kernel } = await create();
    expect((await server.api('DELETE', `api/sessions/${id}`)).status).toBe(204);
    expect(server.kernels.get(kernel.id)).toBeUndefined();
    expect((await server.api('DELETE', `api/sessions/${id}`)).status).toBe(404);
  });

  it('leaves a kernel that another session uses', async () => {
    const { id, kernel } = await create();
    await create({ ...notebook, path: 'b.ipynb', kernel: { id: kernel.id } });
    await server.api('DELETE', `api/sessions/${id}`);
    expect(server.kernels.get(kernel.id)).toBeDefined();
  });

  it('answers for a session whose kernel is dead', async () => {
    const { id, kernel } = await create({ ...notebook, kernel: { name: 'fake-crash' } });
    await expect(server.kernels.require(kernel.id).ready).rejects.toThrow();
    expect((await server.api('DELETE', `api/sessions/${id}`)).status).toBe(204);
  });
});

describe('SessionManager', () => {
  it('drops the session of a kernel that was shut down', async () => {
    const { kernel } = await create();
    await server.api('DELETE', `api/kernels/${kernel.id}`);
    expect((await server.api('GET', 'api/sessions')).body).toEqual([]);
  });

  it('follows renamed files and directories, and tells its listeners', async () => {
    const { id } = await create();
    let calls = 0;
    const listening = server.sessions.onChange(() => (calls += 1));
    server.sessions.rename('folder', 'other');
    expect(server.sessions.require(id)).toMatchObject({ path: 'other/a.ipynb', name: 'a.ipynb' });
    server.sessions.rename('other/a.ipynb', 'c.ipynb');
    expect(server.sessions.require(id)).toMatchObject({ path: 'c.ipynb', name: 'c.ipynb' });
    server.sessions.rename('c.ipy', 'd.ipy');
    expect(server.sessions.findByPath('c.ipynb')?.id).toBe(id);
    expect(calls).toBe(2);
    listening.close();
  });
});
