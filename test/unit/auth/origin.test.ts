import { describe, expect, it } from 'vitest';

import { originAllowed, originRules, type OriginSettings } from '../../../src/auth/origin.js';

const current = 'https://nb.example.org:8888';

describe('originAllowed', () => {
  it.each<[string, OriginSettings, string, boolean]>([
    ['our own', {}, 'https://nb.example.org:8888', true],
    ['our own', {}, 'HTTPS://NB.Example.org:8888', true],
    ['another scheme', {}, 'http://nb.example.org:8888', false],
    ['another port', {}, 'https://nb.example.org', false],
    ['another host', {}, 'https://evil.org:8888', false],
    ['a longer host', {}, 'https://nb.example.org.evil.org:8888', false],
    ['userinfo', {}, 'https://nb.example.org:8888@evil.org', false],
    ['a path', {}, 'https://nb.example.org:8888/', false],
    ['two', {}, 'https://nb.example.org:8888, https://evil.org', false],
    ['null', {}, 'null', false],
    ['null', { allowOrigin: '*' }, 'null', false],
    ['empty', {}, '', false],
    ['nonsense', { allowOrigin: '*' }, 'nonsense', false],
    ['public_url', { publicUrl: 'https://pub.example.org/x/' }, 'https://pub.example.org', true],
    ['public_url', { publicUrl: 'https://pub.example.org/x/' }, 'http://pub.example.org', false],
    ['allow_origin', { allowOrigin: 'https://lab.example' }, 'https://lab.example', true],
    ['allow_origin', { allowOrigin: 'https://lab.example:443/' }, 'https://lab.example', true],
    ['allow_origin', { allowOrigin: 'https://lab.example' }, 'https://lab.example.evil.org', false],
    ['allow_origin', { allowOrigin: 'vscode-webview://abc' }, 'vscode-webview://abc', true],
    ['allow_origin *', { allowOrigin: '*' }, 'https://any.example', true],
    ['allow_origin_pat', { allowOriginPat: 'https://.*\\.good\\.org' }, 'https://a.good.org', true],
    [
      'allow_origin_pat as a prefix',
      { allowOriginPat: 'https://.*\\.good\\.org' },
      'https://a.good.org.evil.org',
      false,
    ],
    ['allow_origin_pat as a suffix', { allowOriginPat: 'https://good\\.org' }, 'x-https://good.org', false],
    ['allow_origin_pat with |', { allowOriginPat: 'https://a|https://b' }, 'https://a.evil.org', false],
    ['allow_origin_pat with |', { allowOriginPat: 'https://a|https://b' }, 'https://b', true],
    [
      'allow_origin over the pattern',
      { allowOrigin: 'https://a', allowOriginPat: 'https://b' },
      'https://b',
      false,
    ],
  ])('%s', (_what, settings, header, allowed) => {
    expect(originAllowed(header, current, originRules(settings))).toBe(allowed);
  });

  it('takes no unknown origin for an unknown own one', () => {
    expect(originAllowed('', '', originRules({}))).toBe(false);
  });
});

describe('originRules', () => {
  it.each<[OriginSettings, string]>([
    [{ allowOriginPat: '(' }, 'allow_origin_pat'],
    [{ allowOrigin: 'lab.example' }, 'allow_origin'],
    [{ allowOrigin: 'null' }, 'allow_origin'],
  ])('refuses %j and names the option', (settings, option) => {
    expect(() => originRules(settings)).toThrow(option);
  });
});
