import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiTokens } from '../../../src/auth/api-tokens.js';

let dir: string;
let time: number;
let tokens: ApiTokens;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nbserver-tokens-'));
  time = 1_000_000;
  tokens = new ApiTokens({ stateDirectory: join(dir, 'data', 'state'), now: () => time });
});
afterEach(() => {
  tokens.close();
  vi.useRealTimers();
  rmSync(dir, { recursive: true, force: true });
});

const fileOf = (id: string) => join(dir, 'data', 'state', 'api-tokens', `${id}.json`);

/** A link to itself: the disk answers with an error that is not "there is none", to root as well. */
function makeUnreadable(id: string): void {
  rmSync(fileOf(id));
  symlinkSync(fileOf(id), fileOf(id));
}

describe('the name of a token', () => {
  it.each([
    ['nightly', true],
    ['می‌خواهم', true], // with the non-joiner that Persian needs
    ['👩‍🔬 lab', true],
    ['one\u2028two', false],
    ['one\u2029two', false],
    ['one\ttwo', false],
    ['\u202Eylthgin', false],
    ['a\u2066b', false],
    ['\uD800', false],
    ['\u200D', false], // nothing to see
  ])('%j: %s', (name, fits) => {
    if (fits) expect(tokens.create(name).name).toBe(name);
    else expect(() => tokens.create(name)).toThrow('on one line');
  });
});

describe('ApiTokens', () => {
  it('keeps the folder of state private when it is the first to need it', () => {
    tokens.create('first');
    expect(statSync(join(dir, 'data', 'state')).mode & 0o777).toBe(0o700);
  });

  it('gives no name twice, also when another process makes one in the same moment', () => {
    const first = tokens.create('nightly');
    vi.spyOn(tokens, 'list').mockReturnValueOnce([]); // looked before the other one wrote
    expect(() => tokens.create('nightly')).toThrow('There is a token named "nightly"');
    expect(tokens.list().map(({ id }) => id)).toEqual([first.id]);
  });

  it('looks at few of the tokens that a request shows', () => {
    const { token, id } = tokens.create('real');
    const foreign = Array.from({ length: 4 }, (_, i) => `nbs_${String(i).repeat(43)}`);
    expect(tokens.find(['x', '', 'y', 'z', '', ...foreign.slice(1), token])).toBe(id);
    expect(tokens.find([...foreign, token])).toBeUndefined();
  });

  it('refuses a token whose file gives no answer, ends nothing, and lists and revokes it', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout'] });
    const [one, other] = [tokens.create('one'), tokens.create('other')];
    const ended: string[] = [];
    tokens.onRevoked((id) => void ended.push(id));
    for (const { id } of [one, other]) tokens.bind(id, new Socket());
    makeUnreadable(one.id);
    rmSync(fileOf(other.id)); // revoked by another process
    vi.advanceTimersByTime(2_000);
    expect(tokens.find([one.token])).toBeUndefined();
    expect([tokens.standing(one.id), tokens.standing(other.id)]).toEqual(['unknown', 'revoked']);
    expect(new Set(ended)).toEqual(new Set([other.id]));
    expect(tokens.list().map(({ name }) => name)).toEqual([`unnamed (${one.id.slice(0, 8)})`]);
    tokens.create('third');
    expect(tokens.revoke(one.id)).toBe(true);
    expect(tokens.list().map(({ name }) => name)).toEqual(['third']);
  });

  it('revokes all that it can, and names the others', () => {
    const id = 'a'.repeat(64);
    for (const name of ['one', 'two']) tokens.create(name);
    mkdirSync(fileOf(id));
    expect(tokens.revokeAll().map((each) => each.id)).toEqual([id]);
    expect(tokens.list().map((each) => each.id)).toEqual([id]);
  });

  it('counts an open connection as a use', () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const { id } = tokens.create('watching');
    tokens.use(id, '192.0.2.1');
    tokens.bind(id, new Socket());
    time += 10 * 60_000;
    vi.advanceTimersByTime(1_000);
    expect(tokens.list()[0]?.used).toEqual({ time, address: '192.0.2.1' });
  });
});
