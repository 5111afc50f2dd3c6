import { describe, expect, it } from 'vitest';
import { commands } from '../../../src/commands/commands.js';
import { renderHelp } from '../../../src/commands/help.js';
import { describeOption, flagOf, groups, optionNames } from '../../../src/config/index.js';

describe('renderHelp', () => {
  it('names every command, every option and every group', () => {
    const help = renderHelp(Object.values(commands));
    for (const { usage } of Object.values(commands)) expect(help).toContain(`\n  ${usage}`);
    for (const group of groups) expect(help).toContain(`\n${group}:\n`);
    for (const name of optionNames) {
      const flag = name === 'open_browser' ? 'no-browser' : flagOf(name);
      expect(help).toMatch(new RegExp(`--(no-)?${flag}\\b`));
    }
    expect(help.replace(/\s+/g, ' ')).toContain('[default: 8888; JUPYTER_PORT]');
  });

  it.each([64, 72, 80, 100, 200])('fits into %d columns, up to 100', (columns) => {
    const long = renderHelp(Object.values(commands), columns)
      .split('\n')
      .filter((line) => line.length > Math.min(columns, 100));
    // Only a flag whose name alone is longer than that.
    expect(long.filter((line) => !line.includes('--allow-insecure'))).toEqual([]);
  });

  it('shows no default that is a secret or empty', () => {
    const help = renderHelp([]);
    expect(help).not.toMatch(/default: \]/);
    expect(describeOption('token').secret).toBe(true);
  });
});

describe('commands', () => {
  it.each(Object.entries(commands))('%s is loaded by its name', async (name, { load, usage }) => {
    const module = await load();
    expect(String(module.command).split(' ')[0]).toBe(name);
    expect(usage.split(' ')[0]).toBe(name);
    expect(module.describe).toMatch(/\w/);
  });
});
