import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSocket } from '../base/fake-socket.js';

// A page's data is read once, so this file has modules of its own.
vi.resetModules();
const { ShellClient } = await import('../../../../static/terminal/shell-client.js');
afterAll(() => vi.resetModules());

const ours = (status: number, message: string) =>
  new Response(JSON.stringify({ message, reason: null }), { status });
const proxys = (status: number) => new Response('<h1>Bad Gateway</h1>', { status });
const name = () => new Response('{"name":"1"}');

describe('the page of a terminal', () => {
  /** the next answers; the last one is for all further questions */
  let answers: (() => Response)[];
  let asked: string[];
  let failures: string[];
  let states: string[];
  /** what is drawn, and how the drawing of each text ends */
  let drawn: { text: string; done(): void }[];
  let shell: InstanceType<typeof ShellClient>;
  const last = () => FakeSocket.all.at(-1) as FakeSocket;
  const say = (...message: unknown[]) => last().say(JSON.stringify(message));
  const soon = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
  const start = async (...given: typeof answers) => {
    answers = given;
    shell = new ShellClient(null, null, {
      write: (text, done) => void drawn.push({ text, done }),
      reset: () => void drawn.push({ text: '(reset)', done: () => undefined }),
      connected: () => undefined,
      state: (state) => states.push(state),
      failed: (error) => failures.push(String(error)),
    });
    await soon();
  };

  beforeEach(() => {
    vi.useFakeTimers();
    [asked, failures, states, drawn] = [[], [], [], []];
    FakeSocket.all = [];
    const data = JSON.stringify({ base_url: '/x/', xsrf: 'x', xsrf_cookie: '_xsrf' });
    vi.stubGlobal(
      'document',
      Object.assign(new EventTarget(), {
        getElementById: () => ({ textContent: data }),
        cookie: '',
        hidden: false,
      }),
    );
    vi.stubGlobal('location', { protocol: 'http:', host: 'server' });
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('WebSocket', FakeSocket);
    vi.stubGlobal('fetch', (url: string, { method = 'GET' }: RequestInit = {}) => {
      if (url.endsWith('api/me')) return Promise.resolve(new Response('{}'));
      asked.push(`${method} ${url}`);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      return answer === undefined
        ? Promise.reject(new TypeError('not reachable'))
        : Promise.resolve(answer());
    });
  });
  afterEach(() => {
    shell.close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const comeBack = async () => {
    last().close();
    last().dispatchEvent(new Event('close'));
    await soon(1_000);
  };

  it.each([
    ['a proxy whose server starts again', () => proxys(502)],
    ['a proxy that knows no way for a while', () => proxys(404)],
    ['too many requests', () => ours(429, 'Too many requests.')],
    ['a login that is over', () => ours(403, 'Log in first.')],
    ['a server that fails', () => ours(500, 'Something failed.')],
  ])('goes on asking for its shell after %s', async (_what, answer) => {
    await start(name, answer, name);
    last().open();
    await comeBack();
    expect([shell.state, failures, FakeSocket.all.length]).toEqual(['lost', [], 1]);
    await soon(3_000);
    last().open();
    expect(shell.state).toBe('open');
    expect(asked.slice(1)).toEqual(Array(2).fill('GET /x/api/terminals/1'));
  });

  it('says that the shell has ended when the server knows it no more', async () => {
    await start(name, () => ours(404, 'Terminal not found: 1'));
    last().open();
    await comeBack();
    await soon(60_000);
    expect([shell.state, asked.length]).toEqual(['ended', 2]);
  });

  it('tries again to start a shell behind a proxy that is not ready', async () => {
    await start(() => proxys(502), name);
    expect([states, failures, shell.started]).toEqual([['lost'], [], false]);
    await soon(1_000);
    last().open();
    expect([shell.state, shell.name]).toEqual(['open', '1']);
  });

  it('stops where the server cannot start one, and starts when it is asked to', async () => {
    await start(() => ours(503, '100 terminals are running.'), name);
    await soon(60_000);
    expect(failures.join()).toContain('100 terminals are running.');
    expect([shell.state, asked.length]).toEqual(['refused', 1]);
    shell.startAgain();
    await soon();
    last().open();
    expect(shell.state).toBe('open');
  });

  it('acknowledges what it has drawn, but not to a later socket what an earlier one sent', async () => {
    await start(name);
    last().open();
    say('setup', {});
    say('stdout', 'x'.repeat(20_000));
    drawn.at(-1)?.done();
    expect(last().sent).toEqual(['["ack",20000]']);
    say('stdout', 'y'.repeat(30_000));
    const late = drawn.at(-1);
    await comeBack();
    last().open();
    say('setup', {});
    say('stdout', 'z'.repeat(100));
    late?.done();
    drawn.at(-1)?.done();
    expect(last().sent).toEqual(['["ack",100]']);
    expect(drawn.map(({ text }) => text.slice(0, 7))).toEqual([
      '(reset)',
      'xxxxxxx',
      'yyyyyyy',
      '(reset)',
      'zzzzzzz',
    ]);
  });

  it('notices that nobody is there any more, although nothing closed', async () => {
    await start(name);
    last().open();
    await soon(15_000);
    expect(last().sent).toEqual(['["ping"]']);
    say('pong');
    await soon(30_000);
    expect([FakeSocket.all.length, shell.state]).toEqual([2, 'lost']);
  });
});
