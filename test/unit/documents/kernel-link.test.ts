import { describe, expect, it } from 'vitest';
import { KernelLink, type LinkedKernel, type SessionSource } from '../../../src/documents/kernel-link.js';
import type { JsonObject } from '../../../src/notebook/types.js';

interface Settable extends Omit<LinkedKernel, 'state' | 'ready' | 'isShutDown'> {
  state: LinkedKernel['state'];
  isShutDown: boolean;
  ready: Promise<void>;
  changed(): void;
  listening: number;
}

function kernelNamed(name: string, state: LinkedKernel['state'] = 'idle'): Settable {
  const listeners = new Set<() => void>();
  const kernel: Settable = {
    id: `kernel-${name}`,
    name,
    spec: { name, displayName: name.toUpperCase(), language: 'l' },
    info: undefined,
    state,
    connections: 0,
    reason: undefined,
    isShutDown: false,
    ready: Promise.resolve(),
    listening: 0,
    request: () => 'id',
    replyInput: () => undefined,
    interrupt: async () => undefined,
    onMessage() {
      kernel.listening += 1;
      return { close: () => void (kernel.listening -= 1) };
    },
    onState(listener) {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
    changed: () => listeners.forEach((listener) => listener()),
  };
  return kernel;
}

function setUp(metadata: JsonObject = {}, installed = ['one', 'two']) {
  const sessions = new Map<string, { id: string; path: string; kernel: Settable }>();
  const listeners = new Set<() => void>();
  const asked: (string | undefined)[] = [];
  const lost: string[] = [];
  let changes = 0;
  let ended = 0;
  const source: SessionSource = {
    get: (id) => sessions.get(id),
    findByPath: (path) => [...sessions.values()].find((session) => session.path === path),
    async create({ path, kernel }) {
      asked.push(kernel?.name);
      const known = this.findByPath(path);
      return known ?? put(path, kernelNamed(kernel?.name ?? 'none'));
    },
    rename: () => undefined,
    onChange(listener) {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
  };
  const tell = () => listeners.forEach((listener) => listener());
  function put(path: string, kernel: Settable) {
    const session = { id: `session-${path}`, path, kernel };
    sessions.set(session.id, session);
    tell();
    return session;
  }
  const state = { path: 'a.ipynb' };
  const link = new KernelLink({
    sessions: source,
    specs: {
      get: async (name) => (installed.includes(name) ? kernelNamed(name).spec : undefined),
      defaultName: async () => 'one',
    },
    path: () => state.path,
    metadata: () => metadata,
    onMessage: () => undefined,
    onChange: () => (changes += 1),
    onLost: (reason) => lost.push(reason),
    onEnded: () => (ended += 1),
  });
  const ends = () => ended;
  return { link, sessions, put, tell, asked, lost, state, listeners, ends, changes: () => changes };
}

describe('KernelLink', () => {
  it.each<[string, JsonObject, string | undefined, string]>([
    ['the one the notebook names', { kernelspec: { name: 'two' } }, 'one', 'two'],
    ['the default for a notebook that names none', {}, undefined, 'one'],
    ['the preferred one for a notebook that names none', {}, 'two', 'two'],
    ['the preferred one when the named one is missing', { kernelspec: { name: 'gone' } }, 'two', 'two'],
  ])('starts %s', async (_, metadata, preferred, expected) => {
    const { link, asked } = setUp(metadata);
    link.prefer(preferred);
    expect((await link.ready()).name).toBe(expected);
    expect(asked).toEqual([expected]);
    expect(link.view).toMatchObject({ name: expected, state: 'idle', session_id: 'session-a.ipynb' });
  });

  it('says which kernel is missing', async () => {
    const metadata = { kernelspec: { name: 'gone', display_name: 'Gone 1.0' }, language_info: { name: 'g' } };
    const { link } = setUp(metadata);
    expect(link.view).toMatchObject({
      id: null,
      state: 'none',
      name: 'gone',
      display_name: 'Gone 1.0',
      language: 'g',
    });
    await expect(link.start()).rejects.toMatchObject({ status: 501 });
    expect(link.view).toMatchObject({
      state: 'unavailable',
      reason: expect.stringContaining('Gone 1.0') as string,
    });
  });

  it('takes the session that is there, and follows a change of its kernel and its end', () => {
    const { link, put, sessions, tell, lost } = setUp();
    const first = kernelNamed('one');
    const session = put('a.ipynb', first);
    expect(link.view.id).toBe('kernel-one');
    session.kernel = kernelNamed('two');
    tell();
    expect(link.view.id).toBe('kernel-two');
    expect(first.listening).toBe(0);
    sessions.clear();
    tell();
    expect(link.view).toMatchObject({ id: null, state: 'none' });
    expect(lost).toEqual(['The kernel was changed.', 'The kernel was shut down.']);
  });

  it('keeps its session when that is renamed before the file', () => {
    const { link, put, tell, lost, state } = setUp();
    const session = put('a.ipynb', kernelNamed('one'));
    session.path = 'b.ipynb';
    tell();
    state.path = 'b.ipynb';
    link.follow();
    expect(link.view.id).toBe('kernel-one');
    expect(lost).toEqual([]);
  });

  it('waits for a kernel that is restarted while it starts', async () => {
    const { link, put } = setUp();
    let fail: (error: Error) => void = () => undefined;
    const kernel = kernelNamed('one', 'starting');
    kernel.ready = new Promise((_, reject) => (fail = reject));
    put('a.ipynb', kernel);
    const ready = link.ready();
    await new Promise(setImmediate);
    kernel.ready = Promise.resolve();
    fail(new Error('The kernel was restarted.'));
    await expect(ready).resolves.toBe(kernel);
  });

  it('tells that what ran is lost when the kernel restarts or dies, and when nothing more comes of it', () => {
    const { put, lost, ends } = setUp();
    const kernel = kernelNamed('one');
    put('a.ipynb', kernel);
    const becomes = (state: LinkedKernel['state']) => {
      kernel.state = state;
      kernel.changed();
    };
    becomes('restarting');
    // The old process may still print.
    expect([lost, ends()]).toEqual([['The kernel was restarted.'], 0]);
    becomes('idle');
    becomes('busy');
    expect(ends()).toBe(1);
    becomes('dead');
    expect(lost).toEqual(['The kernel was restarted.', 'The kernel was shut down.']);
    expect(ends()).toBe(2);
  });

  it('hears a kernel that is being ended until it is dead, or there is another one', () => {
    for (const isReplaced of [false, true]) {
      const { put, sessions, tell, lost, ends, link } = setUp();
      const kernel = kernelNamed('one', 'busy');
      put('a.ipynb', kernel);
      sessions.clear();
      kernel.isShutDown = true;
      tell();
      expect([lost, ends(), kernel.listening]).toEqual([['The kernel was shut down.'], 0, 1]);
      expect(link.view).toMatchObject({ id: null, state: 'none' });
      if (isReplaced) {
        put('a.ipynb', kernelNamed('two'));
      } else {
        kernel.state = 'dead';
        kernel.changed();
      }
      expect([ends(), kernel.listening]).toEqual([1, 0]);
      link.close();
    }
  });

  it('leaves nothing behind', () => {
    const { link, put, listeners } = setUp();
    const kernel = kernelNamed('one');
    put('a.ipynb', kernel);
    const ending = setUp();
    const other = kernelNamed('other');
    ending.put('a.ipynb', other);
    other.isShutDown = true;
    ending.sessions.clear();
    ending.tell();
    for (const each of [link, ending.link]) each.close();
    expect([kernel.listening, other.listening]).toEqual([0, 0]);
    expect([listeners.size, ending.listeners.size]).toEqual([0, 0]);
  });
});
