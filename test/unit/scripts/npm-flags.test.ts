import { describe, expect, it } from 'vitest';
import { COMMANDS, argumentsBehindNpm } from '../../../scripts/npm-flags.mjs';
import { commands } from '../../../src/commands/commands.js';

describe('what npm start was given, when npm took the flags for itself', () => {
  it.each<[string, string[], Record<string, string>, string[]]>([
    ['nothing', [], {}, []],
    ['behind two dashes', ['/work', '--port', '9999'], {}, ['/work', '--port', '9999']],
    ['npm start /work --port 9999', ['/work', '9999'], { npm_config_port: 'true' }, ['/work', '--port=9999']],
    ['npm start --port 9999 /work', ['9999', '/work'], { npm_config_port: 'true' }, ['/work', '--port=9999']],
    ['npm start --port=9999', [], { npm_config_port: '9999' }, ['--port=9999']],
    ['npm start --no-browser', [], { npm_config_browser: 'true' }, ['--no-browser']],
    ['npm start --browser=firefox', [], { npm_config_browser: 'firefox' }, ['--browser=firefox']],
    ['npm start --public', [], { npm_config_public: 'true' }, ['--public']],
    ['npm start --base-url=/x/', [], { npm_config_base_url: '/x/' }, ['--base-url=/x/']],
  ])('%s', (_what, words, env, expected) => expect(argumentsBehindNpm(words, env)).toEqual(expected));

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['--port without a number', ['/work'], { npm_config_port: 'true' }, /--port needs a number/],
    [
      'a value that cannot be told from a path',
      ['a.pem'],
      { npm_config_certfile: 'true' },
      /npm start -- --certfile/,
    ],
  ])('%s is refused with a sentence', (_what, words, env, says) =>
    expect(() => argumentsBehindNpm(words, env)).toThrow(says),
  );
});

describe('npm start COMMAND', () => {
  it('knows every command', () => {
    expect(Object.keys(commands).filter((name) => !COMMANDS.includes(name))).toEqual([]);
  });
});
