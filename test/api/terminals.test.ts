/** Terminals over REST and websockets, with real shells. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PageConfig } from '@jupyterlab/coreutils';
import { ServerConnection, TerminalManager } from '@jupyterlab/services';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { LOW_WATER, HIGH_WATER } from '../../src/terminals/terminal.js';
import { eventually, PATIENCE } from '../patience.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { rounds } from '../tier.js';

const bash = ['/bin/bash', '--norc', '--noprofile', '--noediting'];
const shell = { shell_command: ['/usr/bin/env', 'PS1=$ ', ...bash] };
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ terminado_settings: shell, onlyOwnKernel: true });
});
afterAll(() => server.close());

interface Model {
  name: string;
  last_activity: string;
}

async function create(body?: object): Promise<Model> {
  const answer = await server.fetch('api/terminals', {
    method: 'POST',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Model;
}

interface Seen extends Model {
  program: string | null;
  resources: { memory: number; processes: number };
}

const remove = (name: string) => server.fetch(`api/terminals/${name}`, { method: 'DELETE' });

/** A client as terminado's own page is one; with `ack` it says what it has taken, when told to. */
class Client {
  readonly messages: [string, unknown][] = [];
  text = '';
  closed: number | undefined;
  /** what was sent to us and not acknowledged */
  open = 0;
  #news: () => void = () => {};

  private constructor(
    readonly ws: WebSocket,
    public takes: boolean,
  ) {
    ws.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as [string, unknown];
      this.messages.push(message);
      if (message[0] === 'stdout') {
        const text = String(message[1]);
        this.text += text;
        this.open += text.length;
        if (this.takes) this.take();
      }
      this.#news();
    });
    ws.on('close', (code) => {
      this.closed = code;
      this.#news();
    });
  }

  static async open(name: string, { ack = false, takes = true } = {}): Promise<Client> {
    const address = `${server.url.replace('http', 'ws')}terminals/websocket/${name}?token=${TOKEN}`;
    const ws = new WebSocket(`${address}${ack ? '&ack=1' : ''}`);
    const client = new Client(ws, ack && takes);
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    return client;
  }

  take(): void {
    if (this.open > 0) this.send('ack', this.open);
    this.open = 0;
  }

  send(...message: unknown[]): void {
    this.ws.send(JSON.stringify(message));
  }

  type(text: string): void {
    this.send('stdin', text);
  }

  /** Waits for what the client has seen, past or future. */
  async until(fits: (client: Client) => boolean, what = 'it'): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while (!fits(this)) {
      if (Date.now() > deadline) throw new Error(`${what} did not come. Seen: ${this.text.slice(-500)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#news = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  sees(text: string | RegExp): Promise<void> {
    const isThere = ({ text: seen }: Client) =>
      typeof text === 'string' ? seen.includes(text) : text.test(seen);
    return this.until(isThere, String(text));
  }

  close(): void {
    this.ws.close();
  }
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

const gone = (pid: number) => eventually(() => !isAlive(pid));

describe('REST', () => {
  it('numbers terminals by the smallest free number, lists, answers and removes them', async () => {
    const before = (await (await server.fetch('api/terminals')).json()) as Model[];
    for (const { name } of before) await remove(name); // of a try before
    const first = await create();
    expect(first).toEqual({
      name: '1',
      last_activity: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/) as string,
    });
    expect((await create()).name).toBe('2');
    expect((await remove('1')).status).toBe(204);
    expect((await create()).name).toBe('1');
    const list = (await (await server.fetch('api/terminals')).json()) as Model[];
    expect(list.map(({ name }) => name).sort()).toEqual(['1', '2']);
    expect((await server.fetch('api/terminals/2')).status).toBe(200);
    for (const name of ['1', '2']) await remove(name);
    const missing = await server.fetch('api/terminals/2');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ message: 'Terminal not found: 2' });
    expect((await remove('2')).status).toBe(404);
  });

  it('takes a name that is a safe string, and answers what runs under it', async () => {
    const [one, two] = await Promise.all([create({ name: 'build' }), create({ name: 'build' })]);
    expect([one?.name, two?.name]).toEqual(['build', 'build']);
    expect(((await (await server.fetch('api/terminals')).json()) as Model[]).length).toBe(1);
    await remove('build');
  });

  it('says what runs in a terminal and what it uses, to who asks for it', async () => {
    await create({ name: 'busy' });
    const client = await Client.open('busy');
    const seen = async () => (await (await server.fetch('api/terminals/busy?resources=1')).json()) as Seen;
    await client.sees('$ ');
    expect((await seen()).program).toBeNull();
    client.type('sleep 100\n');
    await expect.poll(async () => (await seen()).program).toBe('sleep');
    const { resources } = await seen();
    expect(resources.processes).toBe(2);
    expect(resources.memory).toBeGreaterThan(1_000_000);
    expect(await (await server.fetch('api/terminals/busy')).json()).not.toHaveProperty('resources');
    client.close();
    await remove('busy');
  });

  it.each([
    ['a path', { name: '../x' }],
    ['__proto__', { name: '__proto__' }],
    ['an empty name', { name: '' }],
    ['a number for a name', { name: 3 }],
    ['a list', []],
  ])('refuses %s with 400', async (_what, body) => {
    const answer = await server.fetch('api/terminals', { method: 'POST', body: JSON.stringify(body) });
    expect(answer.status).toBe(400);
  });

  it.each(['__proto__', 'constructor', '..%2f1'])('knows no terminal named %s', async (name) => {
    expect((await server.fetch(`api/terminals/${name}`)).status).toBe(404);
  });

  it('starts in a folder of the notebooks, and in their root when that cannot be used', async () => {
    mkdirSync(join(server.notebooks, 'deep'), { recursive: true });
    for (const [cwd, expected] of [
      ['deep', join(server.notebooks, 'deep')],
      ['missing', server.notebooks],
      [undefined, server.notebooks],
    ] as const) {
      const { name } = await create(cwd === undefined ? undefined : { cwd });
      const client = await Client.open(name);
      client.type('pwd; echo "$TERM $JUPYTER_SERVER_ROOT $JUPYTER_SERVER_URL [$JUPYTER_TOKEN]"\n');
      await client.sees(`${expected}\r\n`);
      await client.sees(`xterm-256color ${server.notebooks} ${server.url} []`);
      await remove(name);
    }
  });

  it('is 404 everywhere when terminals are turned off', async () => {
    const other = await startTestServer({ terminals_enabled: false, onlyOwnKernel: true });
    try {
      for (const [method, path] of [
        ['GET', 'api/terminals'],
        ['POST', 'api/terminals'],
        ['GET', 'terminals/1'],
      ] as const)
        expect((await other.fetch(path, { method })).status).toBe(404);
    } finally {
      await other.close();
    }
  });
});

describe('The websocket', () => {
  it('says setup first, replays to who comes later, and disconnect when the shell ends', async () => {
    const { name } = await create();
    const one = await Client.open(name);
    one.type('echo "Grüße"_$((40+2))\n');
    await one.sees('Grüße_42');
    expect(one.messages[0]).toEqual(['setup', {}]);
    one.close();

    const two = await Client.open(name);
    await two.sees('Grüße_42');
    const three = await Client.open(name);
    two.type('echo both_$((1+1))\n');
    await Promise.all([two.sees('both_2'), three.sees('both_2')]);
    two.type('exit\n');
    for (const client of [two, three]) {
      await client.until(({ closed }) => closed !== undefined, 'the end');
      expect(client.messages.at(-1)).toEqual(['disconnect', 1]);
    }
    expect((await server.fetch(`api/terminals/${name}`)).status).toBe(404);
  });

  it('is as large as the smallest of its windows', async () => {
    const { name } = await create();
    const [one, two] = [await Client.open(name), await Client.open(name)];
    one.send('set_size', 50, 132, 1000, 1000);
    two.send('set_size', 30, 200, 600, 1400);
    two.send('set_size', -1, 1e9, 0, 0); // no size at all: passed over
    for (const client of [one, two]) {
      client.send('ping');
      await client.until(({ messages }) => messages.some(([type]) => type === 'pong'), 'the answer');
    }
    one.type('stty size\n');
    await one.sees(/\d+ \d+\r\n/);
    expect(one.text).toContain('30 132\r\n');
    two.close();
    // until the server has seen that it is gone
    const size = () => {
      one.type('stty size\n');
      return one.text;
    };
    await expect.poll(size).toContain('50 132\r\n');
    await remove(name);
  });

  it('asks only one of several pages what a program asks of the terminal, and none that comes later', async () => {
    const { name } = await create();
    const [one, two] = [await Client.open(name), await Client.open(name)];
    one.type("printf 'who\\033[c-\\033[6n-\\033]11;?\\007are_%s' you\n");
    await Promise.all([one.sees('are_you'), two.sees('are_you')]);
    const three = await Client.open(name);
    await three.sees('are_you');
    const asked = 'who\x1b[c-\x1b[6n-\x1b]11;?\x07are_you';
    expect(one.text).toContain(asked);
    expect(two.text).toContain('who--are_you');
    expect(three.text).toContain('who--are_you');
    await remove(name);
  });

  it.each([
    ['no JSON', 'ls'],
    ['no list', '{"stdin": "ls"}'],
    ['stdin without a text', '["stdin", 3]'],
  ])('closes on %s, and the shell goes on', async (_what, text) => {
    const { name } = await create();
    const client = await Client.open(name);
    client.ws.send(text);
    await client.until(({ closed }) => closed !== undefined, 'the end');
    expect(client.closed).toBe(1003);
    const other = await Client.open(name);
    other.type('echo still_$((1+1))\n');
    await other.sees('still_2');
    await remove(name);
  });

  it('tells who asks that somebody is there', async () => {
    const { name } = await create();
    const client = await Client.open(name);
    client.send('ping');
    await client.until(({ messages }) => messages.some(([type]) => type === 'pong'), 'the answer');
    await remove(name);
  });

  it('is 404 for a terminal that does not exist', async () => {
    await expect(Client.open('99')).rejects.toThrow('404');
  });
});

describe('A flood', () => {
  it('waits for a client that acknowledges, and stops at Ctrl-C without the rest', async () => {
    const { name } = await create();
    const client = await Client.open(name, { ack: true, takes: false });
    client.type('yes 0123456789\n');
    await client.until(({ open }) => open > HIGH_WATER, 'the flood');
    // Nothing is acknowledged: the shell is held back, whatever time passes.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = client.text.length;
    expect(before).toBeLessThan(HIGH_WATER + LOW_WATER);
    client.takes = true;
    client.take();
    await client.until(({ text }) => text.length > 4 * HIGH_WATER, 'more');
    const asked = client.text.length;
    client.type('\x03');
    await client.sees(/\^C[\s\S]*\$ $/);
    expect(client.text.length - asked).toBeLessThan(3 * HIGH_WATER);
    await remove(name);
  });

  it('neither delays other requests nor grows the memory, with a quick page, a stalled one, and none', async () => {
    const { name } = await create();
    const quick = await Client.open(name, { ack: true });
    const stalled = await Client.open(name, { ack: true, takes: false });
    quick.type('yes 0123456789\n');
    await quick.until(({ text }) => text.length > 20 * HIGH_WATER, 'the flood');
    // The stalled page is left out at some point, while the other one gets everything.
    expect(stalled.text.length).toBeLessThan(16 * HIGH_WATER);
    for (let count = rounds(3, 20); count > 0; count -= 1) {
      expect((await server.fetch('api/status')).status).toBe(200);
    }
    // When it takes what it got, it starts over with the last of it all.
    stalled.takes = true;
    stalled.take();
    await stalled.until(({ text }) => text.includes('\x1bc'), 'the new start');
    quick.close();
    stalled.close();
    const heap = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    await new Promise((resolve) => setTimeout(resolve, rounds(300, 5000)));
    const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - heap;
    expect(grown).toBeLessThan(150e6);
    const later = await Client.open(name, { ack: true });
    later.type('\x03');
    await later.sees(/\^C[\s\S]*\$ $/);
    await remove(name);
  });

  it('is printed to its last line when the shell ends while it is held back', async () => {
    const { name } = await create();
    const client = await Client.open(name, { ack: true, takes: false });
    client.type('seq 1 70000; exit\n');
    await client.until(({ open }) => open > HIGH_WATER, 'the flood');
    client.takes = true;
    client.take();
    await client.until(({ closed }) => closed !== undefined, 'the end');
    expect(client.text.slice(-200)).toContain('\r\n69999\r\n70000\r\n');
  });
});

describe('The end of a terminal', () => {
  it('takes along what runs in front, even if it refuses', async () => {
    const { name } = await create();
    const client = await Client.open(name);
    client.type(`bash -c "trap '' HUP INT TERM; echo pid=\\$\\$; sleep 1000 & echo child=\\$!; wait"\n`);
    await client.sees(/pid=\d+\r\n/);
    await client.sees(/child=\d+\r\n/);
    const pids = ['pid', 'child'].map((word) =>
      Number(new RegExp(`${word}=(\\d+)\\r`).exec(client.text)?.[1]),
    );
    expect(pids.every(isAlive)).toBe(true);
    expect((await remove(name)).status).toBe(204);
    for (const pid of pids) await gone(pid);
    await client.until(({ closed }) => closed !== undefined, 'the end');
  });

  it('comes with the server, and after a time without use when that is wanted', async () => {
    const other = await startTestServer({
      terminado_settings: shell,
      onlyOwnKernel: true,
      cull_inactive_timeout: 3,
      terminal_cull_interval: 1,
    });
    const start = async () => {
      const answer = await other.fetch('api/terminals', { method: 'POST' });
      return ((await answer.json()) as Model).name;
    };
    const pids = () =>
      readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number);
    const before = pids();
    await start();
    const [pid = 0] = pids().filter((each) => !before.includes(each));
    expect(isAlive(pid)).toBe(true);
    await gone(pid); // culled
    expect(await (await other.fetch('api/terminals')).json()).toEqual([]);
    await start();
    await other.close();
    expect(pids().filter((each) => !before.includes(each))).toEqual([]);
  });
});

it("works with JupyterLab's own client", async () => {
  const serverSettings = ServerConnection.makeSettings({
    baseUrl: server.url,
    wsUrl: server.url.replace('http', 'ws'),
    token: TOKEN,
    appendToken: true,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    fetch,
  });
  // what our pages would tell JupyterLab
  PageConfig.setOption('terminalsAvailable', 'true');
  const manager = new TerminalManager({ serverSettings });
  await manager.ready;
  const session = await manager.startNew({ cwd: '' });
  let text = '';
  const came = new Promise<void>((resolve) => {
    session.messageReceived.connect((_session, message) => {
      if (message.type === 'stdout') text += String(message.content?.[0]);
      if (text.includes('lab_42')) resolve();
    });
  });
  session.send({ type: 'set_size', content: [30, 100, 600, 800] });
  session.send({ type: 'stdin', content: ['echo lab_$((40+2)); stty size\n'] });
  await came;
  await manager.refreshRunning();
  expect([...manager.running()].map((model) => model.name)).toContain(session.name);
  await session.shutdown();
  expect((await server.fetch(`api/terminals/${session.name}`)).status).toBe(404);
  manager.dispose();
});
