import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';

import {
  isApi,
  isAsset,
  isPage,
  isPrivateData,
  isPublic,
  relativePath,
  requestPath,
} from '../../../src/auth/request-path.js';

const request = (url: string): IncomingMessage => ({ url }) as IncomingMessage;

describe('relativePath', () => {
  it.each([
    ['/x/api?a', '/x/', 'api'],
    ['/x', '/x/', ''],
    ['/x/', '/x/', ''],
    ['/xy/api', '/x/', undefined],
    ['/', '/', ''],
    ['//evil/api', '/', '/evil/api'],
    ['http://h/x/api/contents', '/x/', undefined],
    ['http:///x/api', '/x/', undefined],
    ['nonsense', '/', undefined],
  ])('%s below %s is %j', (url, base, path) => {
    expect(relativePath(requestPath(request(url)), base)).toBe(path);
  });
});

describe('isPublic', () => {
  it.each([
    ['GET', 'api', true],
    ['HEAD', 'api', true],
    ['POST', 'api', false],
    ['GET', 'api/', false],
    ['GET', 'API', false],
    ['GET', 'api/contents', false],
    ['GET', 'api/../api', false],
    ['GET', 'login', true],
    ['POST', 'login', true],
    ['DELETE', 'login', false],
    ['GET', 'login/x', false],
    ['GET', 'logout', true],
    ['GET', 'favicon.ico', true],
    ['GET', 'robots.txt', true],
    ['GET', 'tree', false],
    ['GET', '', false],
    ['GET', undefined, false],
  ])('%s %j: %s', (method, path, expected) => {
    expect(isPublic(method, path)).toBe(expected);
  });
});

describe('isAsset', () => {
  it.each([
    ['GET', '/x/static/tree-AB12.js', true],
    ['HEAD', '/x/static/fonts/KaTeX_Main-Regular.woff2', true],
    ['POST', '/x/static/tree.js', false],
    ['GET', '/x/static/', false],
    ['GET', '/x/static', false],
    ['GET', '/x/static/../api/contents', false],
    ['GET', '/x/static/..', false],
    ['GET', '/x/static/a/../../api', false],
    ['GET', '/x/static/%2e%2e/api', false],
    ['GET', '/x/static//api', false],
    ['GET', '/x/static/a\\b', false],
    ['GET', '/x/staticx/a', false],
  ])('%s %s: %s', (method, path, expected) => {
    expect(isAsset(method, path, ['/x/static/'])).toBe(expected);
  });
});

describe('what an address is', () => {
  it.each([
    ['api/contents', { api: true, page: false, data: true }],
    ['API/contents', { api: true, page: false, data: true }],
    ['%61pi/contents', { api: true, page: false, data: true }],
    ['/api/contents', { api: true, page: false, data: true }],
    ['apis', { api: false, page: true, data: false }],
    ['files/a.csv', { api: false, page: false, data: true }],
    ['nbconvert/rst/a.ipynb', { api: false, page: false, data: true }],
    ['metrics', { api: false, page: false, data: false }],
    ['tree', { api: false, page: true, data: false }],
    ['', { api: false, page: true, data: false }],
    ['%zz', { api: false, page: true, data: false }],
  ])('%j', (path, { api, page, data }) => {
    expect({ api: isApi(path), page: isPage(path), data: isPrivateData(path) }).toEqual({ api, page, data });
  });
});
