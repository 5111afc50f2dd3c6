/** The file behind the editor, against a server and a browser's store that are in memory. */
import { createHash } from 'node:crypto';
import { Text } from '@codemirror/state';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSocket } from '../base/fake-socket.js';

// A page's data is read once, so this file has modules of its own.
vi.resetModules();
const { TextFile } = await import('../../../../static/edit/text-file.js');
afterAll(() => vi.resetModules());

type Draft = { path: string; text: string; at?: number; base?: string };

/** As much of IndexedDB as is used: one store, whose answers come later. */
function fakeStore(drafts: Map<string, Draft>) {
  const answer = <T>(result: T) => {
    const request: { result: T; onsuccess?: () => void } = { result };
    queueMicrotask(() => request.onsuccess?.());
    return request;
  };
  const store = {
    getAll: ([from, to]: [string, string]) =>
      answer([...drafts].flatMap(([key, draft]) => (key >= from && key <= to ? [draft] : []))),
    put: (draft: Draft) => answer(void drafts.set(draft.path, draft)),
    delete: (key: string) => answer(void drafts.delete(key)),
  };
  return { open: () => answer({ transaction: () => ({ objectStore: () => store }) }) };
}

/** As much of the browser's locks as is used. */
function fakeLocks() {
  const held: { name: string }[] = [];
  return {
    held,
    request: (name: string) => void held.push({ name }),
    query: () => Promise.resolve({ held }),
  };
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** `api/contents/a.txt` with the conditions of a save; undefined: there is no such file. */
class FakeDisk {
  content: string | undefined;
  path = 'a.txt';
  readonly saves: string[] = [];

  answer(url: string, { method = 'GET', headers, body }: RequestInit): Response {
    if (url.endsWith('api/me')) return new Response('{}');
    const send = (status: number, value: object) => new Response(JSON.stringify(value), { status });
    if (!url.includes(`api/contents/${this.path}`)) return send(404, { message: 'There is no file.' });
    const sent = new Headers(headers);
    if (method === 'PUT') {
      const match = sent.get('if-match');
      const refused = match === null ? this.content !== undefined : match !== `"${this.#hash}"`;
      if (match === null && sent.get('if-none-match') !== '*') throw new Error('a save without a condition');
      if (refused) return send(409, { message: 'It was changed.' });
      this.content = (JSON.parse(body as string) as { content: string }).content;
      this.saves.push(this.content);
    } else if (method === 'PATCH') {
      this.path = (JSON.parse(body as string) as { path: string }).path;
    } else if (this.content === undefined) return send(404, { message: 'There is no file.' });
    const content = url.includes('content=0') ? null : this.content;
    return send(200, { content, hash: this.#hash, writable: true, last_modified: '2026-01-01T00:00:00Z' });
  }

  get #hash(): string | null {
    return this.content === undefined ? null : createHash('sha256').update(this.content).digest('hex');
  }
}

describe('the file behind the editor', () => {
  let disk: FakeDisk;
  let drafts: Map<string, Draft>;
  let locks: ReturnType<typeof fakeLocks>;
  /** What is kept of a file, without what it was made from. */
  const kept = () => [...drafts.values()].flatMap(({ text }) => text ?? []);
  /** All pages that were opened so far. */
  const closePages = () => void locks.held.splice(0);
  let page: EventTarget;
  let file: InstanceType<typeof TextFile>;
  let editor: { text: Text; get(): Text; merge(text: string): void };
  let told: string[];
  const soon = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
  const type = (text: string) => editor.merge(text);
  /** The server's word that something in the folder has changed is as good as a look at the window. */
  const look = async () => {
    page.dispatchEvent(new Event('focus'));
    await soon();
  };
  const open = async (content: string) => {
    disk.content = content;
    told = [];
    file = new TextFile('a.txt', 'place', {
      state: () => undefined,
      merged: (conflicts) => told.push(`merged ${conflicts}`),
      gone: (isGone) => isGone && told.push('gone'),
      draftFailed: (error) => told.push(String(error)),
    });
    const { text, left } = await file.load();
    editor = {
      text: Text.of(text.split('\n')),
      get: () => editor.text,
      merge(merged) {
        editor.text = Text.of(merged.split('\n'));
        file.changed();
      },
    };
    file.follow(editor);
    await soon(2_000);
    return left;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    disk = new FakeDisk();
    drafts = new Map();
    locks = fakeLocks();
    page = new EventTarget();
    FakeSocket.all = [];
    const data = JSON.stringify({ base_url: '/', xsrf: 'x', xsrf_cookie: '_xsrf' });
    const element = { getElementById: () => ({ textContent: data }), cookie: '' };
    vi.stubGlobal('document', Object.assign(new EventTarget(), element));
    vi.stubGlobal('location', { protocol: 'http:', host: 'server' });
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('WebSocket', FakeSocket);
    vi.stubGlobal('indexedDB', fakeStore(drafts));
    vi.stubGlobal('IDBKeyRange', { bound: (from: string, to: string) => [from, to] });
    vi.stubGlobal('navigator', { locks });
    vi.stubGlobal('BroadcastChannel', class {});
    vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => Promise.resolve(disk.answer(url, init)));
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it.each([
    ['nobody typed', 'a\nb\nc', 'a\nB\nc', 'a\nB\nc'],
    ['somebody typed elsewhere in it', 'a\nb\nC', 'A\nb\nc', 'A\nb\nC'],
  ])('takes in a file that was deleted and written anew, where %s', async (_what, typed, anew, merged) => {
    await open('a\nb\nc');
    disk.content = undefined;
    await look();
    expect([told, file.state.kind]).toEqual([['gone'], 'changed']);
    if (typed !== 'a\nb\nc') type(typed);
    disk.content = anew;
    await look();
    expect(editor.text.toString()).toBe(merged);
    expect(told).toEqual(['gone', 'merged 0']);
    expect(file.state.kind).toBe(merged === anew ? 'saved' : 'changed');
  });

  it('says nothing of merging where the file came back as it was', async () => {
    await open('a\nb');
    disk.content = undefined;
    await look();
    disk.content = 'a\nb';
    await look();
    expect([told, file.state.kind]).toEqual([['gone'], 'saved']);
  });

  it('never saves over what came into the place of a file that was gone', async () => {
    await open('a\nb\nc');
    disk.content = undefined;
    await look();
    type('a\nb\nC');
    disk.content = 'A\nb\nc';
    await file.save();
    expect(disk.saves).toEqual(['A\nb\nC']);
    expect(file.state.kind).toBe('saved');
  });

  it('makes a file again that is gone, also when nothing was typed', async () => {
    await open('a');
    disk.content = undefined;
    await look();
    await file.save();
    expect([disk.content, file.state.kind, drafts.size]).toEqual(['a', 'saved', 0]);
  });

  it('keeps what somebody types without a pause, after two seconds', async () => {
    await open('a');
    for (let typed = 1; typed <= 19; typed += 1) {
      type(`a${'x'.repeat(typed)}`);
      await soon(100);
    }
    expect(drafts.size).toBe(0);
    type('all of it');
    await soon(100);
    expect(kept()).toEqual(['all of it']);
    await file.save();
    expect(drafts.size).toBe(0);
  });

  it('neither offers nor touches what another page keeps that is open', async () => {
    await open('a');
    type('of the first');
    await soon(1_000);
    expect(await open('a')).toEqual([]);
    type('of the second');
    await soon(1_000);
    expect(kept()).toEqual(['of the first', 'of the second']);
    await file.save();
    type('c');
    type('of the second');
    await soon(1_000);
    expect(kept()).toEqual(['of the first']);
  });

  it('offers what pages left that are gone, the last first', async () => {
    await open('a');
    type('of the first');
    await soon(1_000);
    await open('a');
    type('of the second');
    await soon(1_000);
    drafts.set('place/a.txt', { path: 'place/a.txt', text: 'of long ago', base: 'a', at: 1 });
    drafts.set('place/a.txt.bak', { path: 'place/a.txt.bak', text: 'of another file', base: 'a', at: 1 });
    closePages();
    const left = await open('a');
    expect(left.map(({ text, base }) => [text, base])).toEqual([
      ['of the second', 'a'],
      ['of the first', 'a'],
      ['of long ago', 'a'],
    ]);
    const [second, first, old] = left;
    if (second === undefined || first === undefined || old === undefined)
      throw new Error('Some are missing.');
    await file.discard(old);
    await file.restore(first);
    expect(kept(), 'until this page keeps it').toContain('of the first');
    await soon(1_000);
    expect(kept().sort()).toEqual(['of another file', 'of the first', 'of the second']);
    await file.save();
    expect(kept().sort()).toEqual(['of another file', 'of the second']);
    closePages();
    await open('of the second');
    expect(kept(), 'what is in the file by now').toEqual(['of another file']);
  });

  it('keeps what a text was made from only when that changes', async () => {
    await open('a');
    const puts: string[] = [];
    const { set } = drafts;
    drafts.set = (key, draft) => (
      puts.push(draft.text ?? `base ${draft.base}`),
      set.call(drafts, key, draft)
    );
    for (const text of ['ab', 'abc']) {
      type(text);
      await soon(1_000);
    }
    expect(puts).toEqual(['base a', 'ab', 'abc']);
    await file.save();
    type('d');
    await soon(1_000);
    expect(puts.slice(3)).toEqual(['base abc', 'd']);
  });

  it('takes what an earlier visit left into what was typed since', async () => {
    drafts.set('place/a.txt', { path: 'place/a.txt', text: 'left\nb\nc', base: 'a\nb\nc' });
    const [draft] = await open('a\nb\nc');
    if (draft === undefined) throw new Error('There is no draft.');
    type('a\nb\ntyped');
    await file.restore(draft);
    expect(editor.text.toString()).toBe('left\nb\ntyped');
    await file.save();
    expect([disk.content, drafts.size]).toEqual(['left\nb\ntyped', 0]);
  });

  it('is renamed with what was typed, and is not looked for at its old path meanwhile', async () => {
    await open('a');
    type('b');
    await soon(5_000);
    vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
      if (init.method === undefined || init.method === 'GET') await later(100);
      return disk.answer(url, init);
    });
    page.dispatchEvent(new Event('focus')); // a look that is answered after a moment
    const renamed = file.rename('b.txt');
    await soon(1_000);
    await renamed;
    await look();
    await soon(1_000);
    expect([told, file.path, file.state.kind]).toEqual([[], 'b.txt', 'changed']);
    expect([[...drafts.keys()].every((key) => key.startsWith('place/b.txt\0')), kept()]).toEqual([
      true,
      ['b'],
    ]);
    await file.save();
    expect([disk.content, disk.saves, drafts.size]).toEqual(['b', ['b'], 0]);
  });

  it('forgets what an earlier visit left when the person does not want it', async () => {
    drafts.set('place/a.txt', { path: 'place/a.txt', text: 'left', base: 'a' });
    const [draft] = await open('a');
    if (draft === undefined) throw new Error('There is no draft.');
    await file.discard(draft);
    expect([drafts.size, editor.text.toString(), file.state.kind]).toEqual([0, 'a', 'saved']);
  });
});
