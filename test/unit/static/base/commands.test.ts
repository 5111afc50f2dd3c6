import { beforeEach, describe, expect, it } from 'vitest';
import { CommandRegistry, Keymap } from '../../../../static/base/commands.js';
import type { KeyPress } from '../../../../static/base/keys.js';

/** The time of the next presses. */
let now = 0;

const press = (key: string, more: Partial<KeyPress> & { repeat?: boolean; isComposing?: boolean } = {}) => ({
  key,
  timeStamp: now,
  code: /^[a-z]$/.test(key) ? `Key${key.toUpperCase()}` : key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  ...more,
});

let ran: string[];
let errors: string[];
let registry: CommandRegistry;

beforeEach(() => {
  ran = [];
  errors = [];
  registry = new CommandRegistry((error) =>
    errors.push(error instanceof Error ? error.message : String(error)),
  );
});

function add(id: string, keys: Record<string, string[]> = {}, enabled = () => true): void {
  registry.add({
    id,
    label: id,
    keys,
    when: enabled,
    run: (argument) => void ran.push(`${id}:${String(argument)}`),
  });
}

describe('CommandRegistry', () => {
  it('runs a command with its argument', async () => {
    add('a');
    expect(await registry.run('a', 1)).toBe(true);
    expect(ran).toEqual(['a:1']);
  });

  it('does not run what is disabled or unknown', async () => {
    add('off', {}, () => false);
    expect(await registry.run('off')).toBe(false);
    expect(await registry.run('nothing')).toBe(false);
    expect(ran).toEqual([]);
  });

  it('reports what a command throws, at once or later, and goes on', async () => {
    registry.add(
      {
        id: 'now',
        label: 'now',
        run: () => {
          throw new Error('broken now');
        },
      },
      { id: 'later', label: 'later', run: () => Promise.reject(new Error('broken later')) },
    );
    expect(await registry.run('now')).toBe(false);
    expect(await registry.run('later')).toBe(false);
    expect(errors).toEqual(['broken now', 'broken later']);
  });

  it('refuses a second command of the same id', () => {
    add('a');
    expect(() => add('a')).toThrow('exists already');
  });

  it('names the keys of the mode, or else of any', () => {
    add('a', { command: ['x', 'y'], edit: ['ctrl-x'] });
    expect(registry.keysOf('a', 'edit')).toBe('ctrl-x');
    expect(registry.keysOf('a', 'other')).toBe('x');
    expect(registry.keysOf('a')).toBe('x');
  });
});

describe('Keymap', () => {
  let mode: string;
  let keymap: Keymap;
  beforeEach(() => {
    mode = 'command';
    now = 0;
    keymap = new Keymap(registry, { mode: () => mode });
  });

  it('runs what is bound in the mode, and leaves the rest alone', () => {
    add('cut', { command: ['x'] });
    expect(keymap.handle(press('x'))).toBe(true);
    expect(keymap.handle(press('q'))).toBe(false);
    mode = 'edit';
    expect(keymap.handle(press('x'))).toBe(false);
    expect(ran).toEqual(['cut:undefined']);
  });

  it('runs keys of mode any everywhere', () => {
    add('save', { any: ['ctrl-s'] });
    mode = 'edit';
    expect(keymap.handle(press('s', { ctrlKey: true }))).toBe(true);
    expect(ran).toHaveLength(1);
  });

  it('runs a pair pressed within 800 ms, whenever the page gets to it', () => {
    add('delete', { command: ['d,d'] });
    expect(keymap.handle(press('d'))).toBe(true);
    now = 800;
    expect(keymap.handle(press('d'))).toBe(true);
    expect(ran).toEqual(['delete:undefined']);
  });

  it('takes a late second key for a new first one', () => {
    add('delete', { command: ['d,d'] });
    keymap.handle(press('d'));
    now = 801;
    keymap.handle(press('d'));
    expect(ran).toEqual([]);
    now = 900;
    keymap.handle(press('d'));
    expect(ran).toHaveLength(1);
  });

  it('forgets the first key when another key or another mode comes between', () => {
    add('delete', { command: ['d,d'] });
    add('cut', { command: ['x'] });
    keymap.handle(press('d'));
    keymap.handle(press('x'));
    keymap.handle(press('d'));
    mode = 'edit';
    keymap.handle(press('d'));
    mode = 'command';
    expect(ran).toEqual(['cut:undefined']);
  });

  it('does not take a held key for a pair', () => {
    add('delete', { command: ['d,d'] });
    keymap.handle(press('d'));
    for (let i = 0; i < 20; i += 1) expect(keymap.handle(press('d', { repeat: true }))).toBe(true);
    expect(ran).toEqual([]);
  });

  it('takes a key of a disabled command, without running it: Ctrl-S must not open the browser dialog', () => {
    add('save', { command: ['ctrl-s'] }, () => false);
    expect(keymap.handle(press('s', { ctrlKey: true }))).toBe(true);
    expect(ran).toEqual([]);
  });

  it('leaves the key of a disabled command that yields it: an arrow in the middle of a cell moves the caret', () => {
    let atEdge = false;
    registry.add({
      id: 'leave',
      label: 'leave',
      keys: { command: ['up'] },
      yieldsKeys: true,
      when: () => atEdge,
      run: () => void ran.push('leave'),
    });
    expect(keymap.handle(press('ArrowUp'))).toBe(false);
    atEdge = true;
    expect(keymap.handle(press('ArrowUp'))).toBe(true);
    expect(ran).toEqual(['leave']);
  });

  it('prefers the enabled one of two commands on a key', () => {
    add('first', { command: ['e'] }, () => false);
    add('second', { command: ['e'] });
    keymap.handle(press('e'));
    expect(ran).toEqual(['second:undefined']);
  });

  it('leaves bare modifiers and keys of an input method alone', () => {
    add('any', { command: ['shift', 'a'] });
    expect(keymap.handle(press('Shift', { shiftKey: true }))).toBe(false);
    expect(keymap.handle(press('a', { isComposing: true }))).toBe(false);
    expect(ran).toEqual([]);
  });
});
