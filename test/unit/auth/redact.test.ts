import { describe, expect, it } from 'vitest';

import { forLog, redactHeaders, redactText, redactUrl } from '../../../src/auth/redact.js';

const secret = 's3cr3t-value';
const nested = encodeURIComponent(`/tree?token=${secret}&a=1`);

describe('redactUrl', () => {
  it.each([
    [`/tree?token=${secret}`, '/tree?token=[secret]'],
    [`/tree?a=1&token=${secret}&b=2`, '/tree?a=1&token=[secret]&b=2'],
    [`/tree?TOKEN=${secret}`, '/tree?TOKEN=[secret]'],
    [`/tree?tok%65n=${secret}`, '/tree?tok%65n=[secret]'],
    [`/tree?_xsrf=${secret}`, '/tree?_xsrf=[secret]'],
    [`/login?password=${secret}`, '/login?password=[secret]'],
    [`/login?new_password=${secret}`, '/login?new_password=[secret]'],
    [`/cb?code=${secret}&state=${secret}`, '/cb?code=[secret]&state=[secret]'],
    [`http://user:${secret}@host/x`, 'http://[secret]@host/x'],
    [`/tree#token=${secret}`, '/tree#token=[secret]'],
    [`/tree;token=${secret}`, '/tree;token=[secret]'],
    ['/tree?path=a%20b&x=100%', '/tree?path=a%20b&x=100%'],
    ['/api/contents/tokens.ipynb?content=1', '/api/contents/tokens.ipynb?content=1'],
  ])('%s → %s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
  });

  it.each([
    `/login?next=${nested}`,
    `/login?next=${encodeURIComponent(`/login?next=${nested}`)}`,
    `/login?next=${encodeURIComponent(encodeURIComponent(encodeURIComponent(nested)))}`,
    `https://h/login?next=https%3A%2F%2Fu%3A${secret}%40h%2F`,
    `/tree?token=${secret.slice(0, 3)}%26${secret}`,
  ])('takes the secret out of %s', (url) => {
    expect(redactUrl(url)).not.toContain(secret);
  });

  it.each([
    `/login?next=${nested}%`,
    `/login?next=${nested}%E2%82`,
    `/login?next=${nested}${'%26b%3D'.repeat(1000)}`,
  ])('is not misled by broken or cut escapes: %.60s', (url) => {
    expect(redactUrl(url)).not.toContain(secret);
  });

  // What one request may carry: each of these once cost a third of a second, or the stack.
  it.each([
    `/api/?${'a='.repeat(8000)}`,
    `/api/?${'a%3D'.repeat(4000)}`,
    `/api/${'a'.repeat(16_000)}`,
    `/api/?${'%3D'.repeat(5000)}`,
    `/api/?x=${'%25'.repeat(5000)}`,
    `/api/${'://'.repeat(5000)}`,
  ])('takes the longest address without harm: %.30s', (url) => {
    expect(redactUrl(url).length).toBeLessThan(250);
  });

  it('keeps one line of 200 characters', () => {
    const line = redactUrl(`/a\r\nInjected: x\u2028${'y'.repeat(500)}`);
    expect(line).not.toMatch(/[\r\n\u2028]/);
    expect(line.length).toBeLessThan(250);
  });
});

describe('redactHeaders', () => {
  it('names secret headers, keeps useful ones and leaves out the rest', () => {
    const clean = redactHeaders({
      Authorization: `token ${secret}`,
      cookie: `a=${secret}`,
      'set-cookie': [`a=${secret}`],
      'X-XSRFToken': secret,
      referer: `https://h/tree?token=${secret}`,
      host: 'h',
      'x-own': secret,
      accept: undefined,
    });
    expect(JSON.stringify(clean)).not.toContain(secret);
    expect(clean).toEqual({
      authorization: '[secret]',
      cookie: '[secret]',
      'set-cookie': '[secret]',
      'x-xsrftoken': '[secret]',
      referer: 'https://h/tree?token=[secret]',
      host: 'h',
    });
  });
});

describe('redactText', () => {
  it.each([
    `failed for Bearer ${secret}0000`,
    `failed for token ${secret}0000`,
    `GET https://h/tree?token=${secret} failed`,
    `login?next=${nested}`,
  ])('takes the secret out of %j', (text) => {
    expect(redactText(text)).not.toContain(secret);
  });

  it('leaves plain text alone', () => {
    expect(redactText('Kernel a-b: started = yes')).toBe('Kernel a-b: started = yes');
  });
});

describe('forLog', () => {
  it('escapes what a terminal would obey', () => {
    expect(forLog('\u001b[31mred\u0000')).toBe('\\u001b[31mred\\u0000');
  });
});
