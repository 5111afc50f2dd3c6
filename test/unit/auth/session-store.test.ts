import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionData } from 'express-session';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  fullLifetime,
  idleLifetime,
  maxSessions,
  sessionId,
  SessionStore,
} from '../../../src/auth/session-store.js';
import { silentLog } from '../../../src/log.js';

let directory: string;
let file: string;
let time = 0;
let ended: string[] = [];
const stores: SessionStore[] = [];
const data = { cookie: { path: '/', originalMaxAge: null }, loggedIn: true } as unknown as SessionData;

function open(generation = 'g1', warnings: string[] = []): SessionStore {
  const store = new SessionStore({
    file,
    generation,
    now: () => time,
    onEnd: (id) => ended.push(id),
    log: { ...silentLog, warn: (text) => void warnings.push(text) },
  });
  stores.push(store);
  return store;
}

function read(store: SessionStore, sid: string): SessionData | null | undefined {
  let found: SessionData | null | undefined;
  store.get(sid, (_error, session) => (found = session));
  return found;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nbserver-sessions-'));
  file = join(directory, 's.json');
  time = 1_000_000;
  ended = [];
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(directory, { recursive: true });
});

describe('SessionStore', () => {
  it('survives a restart, in a private file that names no session id', () => {
    const store = open();
    store.set('secret-sid', data);
    store.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain('secret-sid');
    expect(readdirSync(directory)).toEqual(['s.json']);
    expect(read(open(), 'secret-sid')).toEqual(data);
  });

  it('writes nothing when nothing changes', () => {
    const store = open();
    store.set('a', data);
    store.close();
    const before = statSync(file, { bigint: true }).mtimeNs;
    const again = open();
    read(again, 'a');
    again.touch('a', data);
    again.close();
    expect(statSync(file, { bigint: true }).mtimeNs).toBe(before);
  });

  it('is void for other credentials', () => {
    const store = open('g1');
    store.set('a', data);
    store.close();
    expect(read(open('g2'), 'a')).toBeNull();
  });

  it('ends all sessions when the credentials change', () => {
    const store = open();
    store.set('a', data);
    store.set('b', data);
    store.setGeneration('g1');
    expect(ended).toEqual([]);
    store.setGeneration('g2');
    expect(ended.sort()).toEqual([sessionId('a'), sessionId('b')].sort());
    expect(read(store, 'a')).toBeNull();
    store.close();
    expect(read(open('g1'), 'a')).toBeNull();
  });

  it('ends a session after a day without use', () => {
    const store = open();
    store.set('a', data);
    time += idleLifetime - 1;
    store.touch('a', data);
    time += idleLifetime - 1;
    expect(read(store, 'a')).toEqual(data);
    time += 2;
    expect(read(store, 'a')).toBeNull();
    expect(ended).toEqual([sessionId('a')]);
  });

  it('ends a session after two weeks, used or not', () => {
    const store = open();
    store.set('a', data);
    store.hold(sessionId('a'));
    for (let at = 0; at < fullLifetime; at += idleLifetime / 2) {
      expect(read(store, 'a')).toEqual(data);
      time += idleLifetime / 2;
      store.touch('a', data);
    }
    time += 1;
    store.sweep();
    expect(ended).toEqual([sessionId('a')]);
  });

  it('does not call a session idle while one of its websockets is open', () => {
    const store = open();
    store.set('a', data);
    const one = store.hold(sessionId('a'));
    const two = store.hold(sessionId('a'));
    time += 2 * idleLifetime;
    store.sweep();
    expect(ended).toEqual([]);
    one.release();
    one.release();
    time += 2 * idleLifetime;
    store.sweep();
    expect(ended).toEqual([]);
    two.release();
    time += idleLifetime + 1;
    store.sweep();
    expect(ended).toEqual([sessionId('a')]);
  });

  it('stays logged out when another page was still busy', () => {
    const store = open();
    store.set('a', data);
    store.destroy('a');
    time += 3_600_000;
    store.touch('a', data);
    expect(read(store, 'a')).toBeNull();
  });

  it('keeps the thousand sessions that were used last', () => {
    const store = open();
    for (let i = 0; i < maxSessions; i++) store.set(`s${i}`, data);
    time += 3_600_000;
    store.touch('s0', data);
    store.set('one more', data);
    expect(read(store, 's0')).toEqual(data);
    expect(read(store, 's1')).toBeNull();
    expect(ended).toEqual([sessionId('s1')]);
  });

  it.each(['', '{', '[]', '{"version":1,"generation":"g1","sessions":{"a":{"data":1}}}'])(
    'starts empty from a damaged file: %s',
    (text) => {
      writeFileSync(file, text);
      const warnings: string[] = [];
      const store = open('g1', warnings);
      expect(read(store, 'a')).toBeNull();
      expect(warnings).toHaveLength(1);
      store.set('a', data);
      store.close();
      expect(read(open(), 'a')).toEqual(data);
    },
  );

  it('goes on in memory when the file cannot be written, and says so once', () => {
    const warnings: string[] = [];
    file = join(directory, 'missing', 's.json');
    const store = open('g1', warnings);
    store.set('a', data);
    store.close();
    store.set('b', data);
    store.close();
    expect(read(store, 'a')).toEqual(data);
    expect(warnings).toHaveLength(1);
  });
});
