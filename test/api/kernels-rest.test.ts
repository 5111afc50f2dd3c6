/** The REST API of kernels and sessions as clients of jupyter_server count on it: statuses, bodies, and the model over time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelModel, SessionModel } from '../../src/protocol/rest-models.js';
import { ChannelClient } from '../fake-kernel/channel-client.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';

let running: TestServer;
let kernel: KernelModel;
beforeAll(async () => {
  running = await startTestServer({ onlyOwnKernel: true });
  kernel = (await ask('POST', 'api/kernels')).body as KernelModel;
  await ask('POST', `api/kernels/${kernel.id}/restart`);
});
afterAll(() => running.close());

/** @param body  text is sent as it is, everything else as JSON */
async function ask(method: string, path: string, body?: unknown) {
  const answer = await running.fetch(path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}
const model = async () => (await ask('GET', `api/kernels/${kernel.id}?1732600000000`)).body as KernelModel;
const message = (text: string | RegExp) => ({
  message: typeof text === 'string' ? text : (expect.stringMatching(text) as string),
  reason: null,
});

describe('statuses and messages', () => {
  const absent = 'f0a0a0a0-0000-4000-8000-000000000000';
  const noKernel = message(`Kernel does not exist: ${absent}`);
  const noSession = message(`Session not found: session_id='${absent}'`);
  const notAvailable = {
    message:
      "The 'x' kernel is not available. Please pick another suitable kernel instead, or install that kernel.",
    short_message: 'x not found',
  };
  const named = { path: 'n.ipynb', type: 'notebook', name: 'n.ipynb' };
  it.each<[string, string, unknown, number, object]>([
    ['GET', `api/kernels/${absent}`, undefined, 404, noKernel],
    ['DELETE', `api/kernels/${absent}`, undefined, 404, noKernel],
    ['POST', `api/kernels/${absent}/interrupt`, undefined, 404, noKernel],
    ['POST', `api/kernels/${absent}/restart`, undefined, 404, noKernel],
    ['GET', 'api/kernels/__proto__', undefined, 404, message(/does not exist/)],
    ['POST', 'api/kernels', '{"name": ', 400, message(/JSON/)],
    ['POST', 'api/kernels', [], 400, message(/object/)],
    ['POST', 'api/kernels', { name: ['x'] }, 400, message(/name/)],
    ['POST', 'api/kernels', { kernel_id: 'a/../b' }, 400, message(/Not a kernel id/)],
    ['POST', 'api/kernels', { name: 'x' }, 501, notAvailable],
    ['GET', 'api/kernelspecs/x', undefined, 404, message('Kernel spec x not found')],
    ['GET', `api/sessions/${absent}`, undefined, 404, noSession],
    ['DELETE', `api/sessions/${absent}`, undefined, 404, noSession],
    ['PATCH', `api/sessions/${absent}`, { path: 'b' }, 404, noSession],
    ['POST', 'api/sessions', undefined, 400, message(/JSON/)],
    ['POST', 'api/sessions', { type: 'notebook' }, 400, message('Missing field in JSON data: path')],
    ['POST', 'api/sessions', { path: 'n.ipynb' }, 400, message('Missing field in JSON data: type')],
    ['POST', 'api/sessions', { ...named, kernel: 'python3' }, 400, message(/object/)],
    ['POST', 'api/sessions', { ...named, kernel: { name: 'x' } }, 501, notAvailable],
  ])('%s %s %j answers %i', async (method, path, body, status, expected) => {
    expect(await ask(method, path, body)).toMatchObject({ status, body: expected });
    expect((await ask('GET', 'api/sessions')).body).toEqual([]);
    expect((await ask('GET', 'api/kernels')).body).toHaveLength(1);
  });

  it('a second DELETE finds nothing', async () => {
    const { id } = (await ask('POST', 'api/kernels', { name: 'javascript' })).body as KernelModel;
    expect((await ask('DELETE', `api/kernels/${id}`)).status).toBe(204);
    expect((await ask('DELETE', `api/kernels/${id}`)).status).toBe(404);
  });
});

describe('the model of a kernel', () => {
  it('follows what it does: busy and idle, the last activity, the open websockets', async () => {
    const before = await model();
    expect(before).toEqual({
      id: kernel.id,
      name: 'javascript',
      execution_state: 'idle',
      connections: 0,
      last_activity: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string,
    });
    const wsUrl = running.url.replace('http', 'ws');
    const open = (session: string) =>
      ChannelClient.open(wsUrl, kernel.id, { session: `${session}&token=${TOKEN}` });
    const [one, two] = [await open('one'), await open('two')];
    expect((await model()).connections).toBe(2);
    // A question that a client asks by itself is no activity of a person.
    await one.done(one.send('shell', 'kernel_info_request', {}));
    expect((await model()).last_activity).toBe(before.last_activity);

    const cell = one.executeCode('await new Promise((resolve) => setTimeout(resolve, 60000))');
    await two.until(({ parent, content }) => parent.msg_id === cell && content.execution_state === 'busy');
    const busy = await model();
    expect(busy.execution_state).toBe('busy');
    expect(busy.last_activity > before.last_activity).toBe(true);
    await ask('POST', `api/kernels/${kernel.id}/interrupt`);
    expect((await one.done(cell)).content.status).toBe('error');
    expect((await model()).execution_state).toBe('idle');
    await two.close();
    await one.close();
    while ((await model()).connections !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('says idle when a restart is answered; two restarts at once are one; a deletion ends the waiting for it', async () => {
    const restart = () => ask('POST', `api/kernels/${kernel.id}/restart`);
    const idle = { status: 200, body: { id: kernel.id, execution_state: 'idle' } };
    const both = await Promise.all([restart(), restart()]);
    expect(both).toMatchObject([idle, idle]);
    const { id } = (await ask('POST', 'api/kernels')).body as KernelModel;
    const waiting = ask('POST', `api/kernels/${id}/restart`);
    expect((await ask('DELETE', `api/kernels/${id}`)).status).toBe(204);
    const { status, body } = await waiting;
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body).toMatchObject(message(/shut down|does not exist/));
  });
});

describe('sessions', () => {
  const wanted = { path: 'race.ipynb', name: 'race.ipynb', type: 'notebook', kernel: { name: 'javascript' } };

  it('that are asked for at once are one, with one kernel', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('POST', 'api/sessions', wanted)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
    const [first] = answers.map(({ body }) => body as SessionModel);
    expect(answers.every(({ body }) => (body as SessionModel).id === first?.id)).toBe(true);
    expect((await ask('GET', 'api/kernels')).body).toHaveLength(2);
    expect((await ask('DELETE', `api/sessions/${first?.id}`)).status).toBe(204);
    expect((await ask('GET', 'api/kernels')).body).toHaveLength(1);
  });

  it('that cannot be had are refused to everybody who asked', async () => {
    const unknown = { ...wanted, kernel: { name: 'x' } };
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask('POST', 'api/sessions', unknown)));
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(501));
    expect((await ask('GET', 'api/sessions')).body).toEqual([]);
  });
});
