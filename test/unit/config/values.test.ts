import { describe, expect, it } from 'vitest';
import { parsePortRange } from '../../../src/config/normalise.js';
import type { OptionName } from '../../../src/config/options.js';
import { checkValue } from '../../../src/config/values.js';

const check = (name: OptionName, value: unknown) => checkValue(name, value, '/base', '/home/ada');

describe('checkValue', () => {
  const good: [OptionName, unknown, unknown][] = [
    ['port', 0, 0],
    ['port', 65535, 65535],
    ['ip', '', '*'],
    ['ip', '*', '*'],
    ['ip', '[::1]', '::1'],
    ['base_url', 'ipython', '/ipython/'],
    ['base_url', '/ipython', '/ipython/'],
    ['base_url', 'ipython/', '/ipython/'],
    ['base_url', '/a/b/', '/a/b/'],
    ['base_url', '', '/'],
    ['base_url', '/', '/'],
    ['base_url', '/é/', '/%C3%A9/'],
    ['default_url', 'tree', '/tree'],
    ['default_url', '/lab', '/lab'],
    ['certfile', 'auto', 'auto'],
    ['certfile', '', ''],
    ['certfile', 'my.pem', '/base/my.pem'],
    ['certfile', '../my.pem', '/my.pem'],
    ['certfile', '~/my.pem', '/home/ada/my.pem'],
    ['certfile', '/x/my.pem', '/x/my.pem'],
    ['keyfile', 'auto', '/base/auto'],
    ['notebook_manager_class', './store.mjs', '/base/store.mjs'],
    ['notebook_manager_class', '~/store.mjs', '/home/ada/store.mjs'],
    ['notebook_manager_class', 'MemoryNotebookManager', 'MemoryNotebookManager'],
    ['notebook_manager_class', '@me/store', '@me/store'],
    [
      'password',
      'sha1:67c9e60bb8b6:9ffede0825894254b2e042ea597d771089e11aed',
      'sha1:67c9e60bb8b6:9ffede0825894254b2e042ea597d771089e11aed',
    ],
    [
      'password',
      'argon2:$argon2id$v=19$m=10240,t=10,p=8$c2FsdA$aGFzaA',
      'argon2:$argon2id$v=19$m=10240,t=10,p=8$c2FsdA$aGFzaA',
    ],
    ['password', 'scrypt:$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA', 'scrypt:$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA'],
    ['password', 'sha256::abc123', 'sha256::abc123'],
    ['password', '', ''],
    ['public_url', 'https://nb.example.org', 'https://nb.example.org/'],
    ['public_url', 'https://NB.example.org:443/ipython', 'https://nb.example.org/ipython/'],
    ['public_url', '', ''],
    ['allow_origin', 'https://a.example/x', 'https://a.example'],
    ['allow_origin', '*', '*'],
    ['allow_origin_pat', 'https://.*', 'https://.*'],
    ['sock_mode', '660', '0660'],
    ['sock_mode', '0o600', '0600'],
    ['log_level', 'DEBUG', 'debug'],
    ['log_level', 'WARNING', 'warn'],
    ['log_level', 30, 'warn'],
    ['log_level', 'critical', 'error'],
    ['kernel_port_range', ' 50000 - 50100 ', '50000-50100'],
    [
      'webapp_settings',
      { static_url_prefix: 'ipython/static', x: 1 },
      { static_url_prefix: '/ipython/static/' },
    ],
    ['webapp_settings', {}, {}],
    ['hostnames', ['a'], ['a']],
  ];
  it.each(good)('%s %j becomes %j', (name, value, expected) => {
    expect(check(name, value)).toEqual(expected);
  });

  const bad: [OptionName, unknown, string][] = [
    ['port', '9999', 'must be a whole number from 0 to 65535, not "9999"'],
    ['port', 65536, 'must be a whole number from 0 to 65535, not 65536'],
    ['port', 1.5, 'must be a whole number from 0 to 65535, not 1.5'],
    ['port', -1, 'must be a whole number from 0 to 65535, not -1'],
    ['port', null, 'must be a whole number from 0 to 65535, not null'],
    ['max_body_size', 1, 'must be a whole number of at least 65536, not 1'],
    ['cull_interval', 1e9, 'must be a number from 1 to 2147483, not 1000000000'],
    ['kernel_info_timeout', 0, 'must be a number from 1 to 2147483, not 0'],
    ['open_browser', 'no', 'must be true or false, not "no"'],
    ['open_browser', 0, 'must be true or false, not 0'],
    ['ip', 1, 'must be a string, not 1'],
    ['ip', 'http://x', 'must be an address, a host name or "*"'],
    ['base_url', 'https://x/y', 'must be a path on this server, for example /ipython/, not an address'],
    ['base_url', '//x', 'not an address'],
    ['base_url', '/\\x', 'not an address'],
    ['base_url', '/a//b/', 'must not have empty parts (//)'],
    ['base_url', '/a/../b', 'must be a plain path'],
    ['base_url', '/a?b', 'must be a plain path'],
    ['base_url', '/a b', 'must be a plain path'],
    ['base_url', '/"><script>', 'must be a plain path'],
    ['default_url', 'javascript:alert(1)', 'not an address'],
    ['default_url', '//evil.example', 'not an address'],
    ['password', 'hunter2', 'must be a hash, not the password itself; "nbserver passwd" makes one'],
    ['password', 'sha1:a:nothex', 'must be a hash'],
    ['public_url', 'nb.example.org', 'must be a whole address, for example https://nb.example.org/ipython/'],
    ['public_url', 'ftp://x/', 'must begin with https:// (or http://)'],
    ['public_url', 'https://u:p@x/', 'must be scheme, host, port and path only'],
    ['public_url', 'https://x/?a', 'must be scheme, host, port and path only'],
    ['allow_origin', 'example.org', 'must be an origin such as https://example.org, or "*"'],
    ['allow_origin_pat', '(', 'must be a regular expression ('],
    ['sock_mode', '999', 'must be three octal digits, for example 0600'],
    ['sock_mode', '0444', 'must let its owner read and write, for example 0600'],
    ['log_level', 'loud', 'must be one of debug, info, warn, error, not "loud"'],
    ['kernel_port_range', '50000', 'must be two ports from 1024 to 65535'],
    ['kernel_port_range', '80-90', 'must be two ports from 1024 to 65535'],
    ['kernel_port_range', '50000-50001', 'at least ten ports apart'],
    ['hostnames', 'a', 'must be a list of strings, not "a"'],
    ['hostnames', [1], 'must be a list of strings, not [1]'],
    ['webapp_settings', [], 'must be an object {…}, not []'],
    ['webapp_settings', { static_url_prefix: 3 }, 'must have a string as static_url_prefix, not 3'],
    [
      'webapp_settings',
      { static_url_prefix: 'https://cdn/x' },
      'needs a static_url_prefix that is a path on this server',
    ],
    [
      'webapp_settings',
      { static_url_prefix: '//cdn/x' },
      'needs a static_url_prefix that is a path on this server',
    ],
    ['notebook_manager_class', '', 'must name a notebook manager'],
    ['certfile', 'a\0b', 'must be a string without NUL characters'],
  ];
  it.each(bad)('%s %j is refused', (name, value, message) => {
    expect(() => check(name, value)).toThrow(message);
  });

  it('does not repeat a secret in a message', () => {
    expect(() => check('token', 12345678)).toThrow(/^must be a string$/);
    expect(() => check('password', 'hunter2')).not.toThrow(/hunter2/);
  });
});

describe('parsePortRange', () => {
  it('is what the kernels take', () => {
    expect(parsePortRange('49152-65535')).toEqual({ first: 49152, last: 65535 });
  });
});
