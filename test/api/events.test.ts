/** The event bus over HTTP and its websocket, and the numbers for Prometheus. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventManager, ServerConnection } from '@jupyterlab/services';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { contentsEvents, eventSchemas, kernelEvents, listEvents } from '../../src/protocol/events.js';
import type { Emission } from '../../src/protocol/events.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';

let running: TestServer;
beforeAll(async () => {
  running = await startTestServer({ onlyOwnKernel: true });
});
afterAll(() => running.close());

const post = (path: string, body?: unknown) =>
  running.fetch(path, { method: 'POST', body: body === undefined ? undefined : JSON.stringify(body) });

/** Everything that a listener hears, and a way to wait for one of them. */
async function listen(query = '') {
  const ws = new WebSocket(`${running.url.replace('http', 'ws')}api/events/subscribe?token=${TOKEN}${query}`);
  const heard: Emission[] = [];
  const waiting = new Set<() => void>();
  ws.on('message', (data: Buffer) => {
    heard.push(JSON.parse(data.toString()) as Emission);
    for (const look of waiting) look();
  });
  await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
  return {
    ws,
    heard,
    until: (matches: (event: Emission) => boolean) =>
      new Promise<Emission>((resolve) => {
        const look = () => {
          const found = heard.find(matches);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

describe('POST api/events', () => {
  const good = { schema_id: contentsEvents, version: '1', data: { action: 'get', path: 'a.ipynb' } };
  it.each<[string, unknown]>([
    ['an event', good],
    ['a version that is a number', { ...good, version: 1 }],
    ['a timestamp as jupyter_server has it', { ...good, timestamp: '2022-05-26T12:50:00+0600Z' }],
    [
      'an event of a kernel',
      { schema_id: kernelEvents, version: '1', data: { action: 'start', msg: 'It runs.' } },
    ],
  ])('takes %s: 204', async (_name, body) => {
    const answer = await post('api/events', body);
    expect(answer.status, await answer.text()).toBe(204);
  });

  it.each<[string, unknown, RegExp]>([
    ['no body', undefined, /schema_id/],
    ['a list', [], /JSON object/],
    ['no schema_id', { ...good, schema_id: undefined }, /schema_id/],
    ['no version', { ...good, version: undefined }, /version/],
    ['no data', { ...good, data: undefined }, /Missing field.*data/],
    ['another version', { ...good, version: '2' }, /version 1/],
    ['an unknown schema', { ...good, schema_id: 'https://example.org/x' }, /no event schema/],
    ['a name of every object', { ...good, schema_id: 'constructor' }, /no event schema/],
    ['data that is no object', { ...good, data: 7 }, /JSON object/],
    ['a missing field', { ...good, data: { action: 'get' } }, /path/],
    ['an unknown action', { ...good, data: { action: 'fly', path: 'a' } }, /action.*get, create/],
    ['a rename from nowhere', { ...good, data: { action: 'rename', path: 'b' } }, /source_path/],
    ['a timestamp that is none', { ...good, timestamp: 'yesterday' }, /timestamp/],
  ])('refuses %s: 400 with a sentence', async (_name, body, sentence) => {
    const answer = await post('api/events', body);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { message: string }).message).toMatch(sentence);
  });
});

describe('api/events/subscribe', () => {
  it('tells each listener what happens to kernels and lists, flat and in the form of the schemas', async () => {
    const [one, other] = [await listen(), await listen()];
    const { id } = (await (await post('api/kernels', { name: 'javascript' })).json()) as { id: string };
    const started = await one.until((event) => event.schema_id === kernelEvents);
    expect(started).toEqual({
      schema_id: kernelEvents,
      action: 'start',
      kernel_id: id,
      kernel_name: 'javascript',
      status: 'success',
      msg: `Kernel ${id} was started.`,
    });
    await post(`api/kernels/${id}/restart`);
    await post(`api/kernels/${id}/interrupt`);
    await running.fetch(`api/kernels/${id}`, { method: 'DELETE' });
    await post('api/kernels', { name: 'javascript', kernel_id: 'none/such' });
    const actions = (events: Emission[]) =>
      events.flatMap((event) => (event.schema_id === kernelEvents ? [event.action] : []));
    await other.until((event) => event.schema_id === kernelEvents && event.action === 'shutdown');
    expect(actions(other.heard)).toEqual(['start', 'restart', 'interrupt', 'shutdown']);
    await one.until((event) => event.schema_id === listEvents && event.list === 'kernels');

    const ajv = new Ajv({ strict: false });
    for (const { schema_id, ...data } of one.heard) {
      const validate = ajv.compile(eventSchemas[schema_id]);
      expect(validate(data), JSON.stringify(data)).toBe(true);
    }
    one.ws.close();
    other.ws.close();
  });

  it('tells what is done with files, and who watches a directory hears of other programs, too', async () => {
    const { ws, until, heard } = await listen('&directory=watched');
    const put = (path: string, content: string) =>
      running.fetch(`api/contents/${path}`, {
        method: 'PUT',
        body: JSON.stringify({ type: 'file', format: 'text', content }),
      });
    const file = (path: string) => (event: Emission) =>
      event.schema_id === listEvents && event.list === 'files' && event.path === path;
    mkdirSync(join(running.notebooks, 'watched'), { recursive: true });
    await put('watched/a.txt', 'one');
    await put('watched/a.txt', 'two');
    await running.fetch('api/contents/watched/a.txt', { method: 'PATCH', body: '{"path": "b.txt"}' });
    await running.fetch('api/contents', { method: 'POST', body: '{"copy_from": "b.txt"}' });
    await running.fetch('api/contents/b.txt', { method: 'DELETE' });
    await until((event) => event.schema_id === contentsEvents && event.action === 'delete');
    const done = heard.filter((event) => event.schema_id === contentsEvents && event.action !== 'get');
    expect(done).toMatchObject([
      { action: 'create', path: 'watched/a.txt' },
      { action: 'save', path: 'watched/a.txt' },
      { action: 'rename', path: 'b.txt', source_path: 'watched/a.txt' },
      { action: 'copy', path: 'b-Copy1.txt', source_path: 'b.txt' },
      { action: 'delete', path: 'b.txt' },
    ]);
    await until(file('watched'));
    await until(file(''));
    ws.close();

    const watching = await listen('&directory=watched');
    const told = watching.until(file('watched'));
    // The watch stands a moment after the websocket; this program goes on writing until it is seen.
    let seen = false;
    void told.then(() => (seen = true));
    for (let i = 0; !seen; i++) {
      writeFileSync(join(running.notebooks, 'watched', `other-${i}.txt`), 'x');
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    watching.ws.close();
  });

  it('ignores what a listener sends', async () => {
    const { ws, until } = await listen();
    ws.send('nonsense');
    await post('api/events', {
      schema_id: contentsEvents,
      version: '1',
      data: { action: 'get', path: 'still-there' },
    });
    await until((event) => event.schema_id === contentsEvents && event.path === 'still-there');
    ws.close();
  });

  it("is what JupyterLab's client listens to and emits on", async () => {
    const manager = new EventManager({
      serverSettings: ServerConnection.makeSettings({
        baseUrl: running.url,
        wsUrl: running.url.replace('http', 'ws'),
        token: TOKEN,
        appendToken: true,
        WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
        fetch,
      }),
    });
    const first = new Promise<unknown>((resolve) => {
      manager.stream.connect((_sender, event) => {
        if (event.path === 'from-lab') resolve(event);
      });
    });
    let heard = false;
    const arrived = first.finally(() => (heard = true));
    // Its websocket opens by itself, and it does not say when.
    while (!heard) {
      await manager.emit({
        schema_id: contentsEvents,
        version: '1',
        data: { action: 'save', path: 'from-lab' },
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await arrived).toEqual({ schema_id: contentsEvents, action: 'save', path: 'from-lab' });
    manager.dispose();
  });
});

describe('GET metrics', () => {
  const value = (text: string, name: string) =>
    Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);

  it('counts kernels, websockets, messages, bytes, and how long the event loop kept others waiting', async () => {
    const before = (await (await running.fetch('api/kernels')).json()) as { id: string }[];
    for (const one of before) await running.fetch(`api/kernels/${one.id}`, { method: 'DELETE' }); // of a try before
    const { id } = (await (await post('api/kernels', { name: 'javascript' })).json()) as { id: string };
    const { ws } = await listen();
    await post(`api/kernels/${id}/restart`);
    const answer = await running.fetch('metrics');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    expect(value(text, 'kernel_currently_running_total{type="javascript"}')).toBe(1);
    expect(value(text, 'nbserver_websockets_open{kind="events"}')).toBe(1);
    expect(value(text, 'nbserver_kernel_messages_total{direction="from_kernel"}')).toBeGreaterThan(0);
    expect(value(text, 'nbserver_kernel_message_bytes_total{direction="from_kernel"}')).toBeGreaterThan(100);
    expect(value(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);

    // The measurement begins anew with each scrape, at the next turn of its timer.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const blocked = Date.now();
    while (Date.now() - blocked < 300);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const later = await (await running.fetch('metrics')).text();
    expect(value(later, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.2);

    await running.fetch(`api/kernels/${id}`, { method: 'DELETE' });
    await new Promise((resolve) => ws.once('close', resolve).close());
    await running.fetch('api/kernels/not-there');
    const end = await (await running.fetch('metrics')).text();
    const requests = (method: string, handler: string, status: number) =>
      value(
        end,
        `http_request_duration_seconds_count{method="${method}",handler="${handler}",status_code="${status}"}`,
      );
    expect(requests('GET', '/metrics', 200)).toBeGreaterThan(0);
    expect(requests('DELETE', '/api/kernels/:id', 204)).toBe(1);
    expect(requests('GET', '/api/kernels/:id', 404)).toBe(1);
    expect(end).not.toContain('not-there');
    expect(end).not.toMatch(/^kernel_currently_running_total\{/m);
    expect(value(end, 'nbserver_kernel_messages_total{direction="from_kernel"}')).toBeGreaterThan(0);
  });

  it('asks for a credential, unless authenticate_prometheus is off', async () => {
    const bare = (url: string) => fetch(new URL('metrics', url), { redirect: 'manual' });
    expect((await bare(running.url)).status).toBe(302);
    const open = await startTestServer({ onlyOwnKernel: true, authenticate_prometheus: false });
    expect((await bare(open.url)).status).toBe(200);
    expect((await fetch(new URL('api/kernels', open.url))).status).toBe(403);
    await open.close();
  });
});
