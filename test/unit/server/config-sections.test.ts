import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/log.js';
import { ConfigSections, checkSection, merge } from '../../../src/server/config-sections.js';

let top: string;
let sections: ConfigSections;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'nbserver-sections-'));
  const own = join(top, 'user');
  sections = new ConfigSections({ own, path: [own, join(top, 'system')], log: silentLog });
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

function put(path: string, value: unknown): void {
  mkdirSync(join(top, path, '..'), { recursive: true });
  writeFileSync(join(top, path), typeof value === 'string' ? value : JSON.stringify(value));
}

describe('sections of settings', () => {
  it('are merged over all directories, the user last', async () => {
    put('system/serverconfig/notebook.json', { a: { x: 1, y: 1 }, b: 'system' });
    put('system/serverconfig/notebook.d/ext.json', { a: { x: 0, z: 0 }, load: { ext: true } });
    put('user/serverconfig/notebook.json', { a: { y: 2 } });
    expect(await sections.get('notebook')).toEqual({
      a: { x: 1, y: 2, z: 0 },
      b: 'system',
      load: { ext: true },
    });
    expect(await sections.get('unknown')).toEqual({});
  });

  it('are changed key by key, and replaced as a whole, for the user alone', async () => {
    put('system/serverconfig/tree.json', { a: 1 });
    await sections.set('tree', { b: { c: 1, d: 2 } });
    expect(await sections.update('tree', { b: { c: null }, e: [1] })).toEqual({ a: 1, b: { d: 2 }, e: [1] });
    expect(await sections.update('tree', { b: { d: null } })).toEqual({ a: 1, e: [1] });
    const file = join(top, 'user/serverconfig/tree.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ e: [1] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await sections.set('tree', {});
    expect(await sections.get('tree')).toEqual({ a: 1 });
  });

  it('lose no change of many at once', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => sections.update('edit', { [`k${i}`]: i })));
    expect(Object.keys(await sections.get('edit')).length).toBe(20);
  });

  it('pass over a file that is no JSON', async () => {
    put('user/serverconfig/edit.json', '{broken');
    put('system/serverconfig/edit.json', { a: 1 });
    expect(await sections.get('edit')).toEqual({ a: 1 });
  });

  it.each(['', '../x', 'a/b', 'a.b', 'x'.repeat(101)])('have names, not %j', (name) => {
    expect(() => checkSection(name)).toThrow(/letters, digits/);
  });

  it('keep a key that is called __proto__ for what it is, and end at a depth', () => {
    const merged = merge({}, JSON.parse('{"__proto__": {"polluted": 1}}') as Record<string, unknown>);
    expect(Object.keys(merged)).toEqual(['__proto__']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    const deep = JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`) as Record<string, unknown>;
    expect(() => merge({}, deep)).toThrow(/nested/);
  });
});
