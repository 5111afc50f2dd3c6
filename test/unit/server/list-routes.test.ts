import { Router } from 'express';
import { describe, expect, it } from 'vitest';
import { listRoutes } from '../../../src/server/list-routes.js';

const answer = () => undefined;

describe('the walk over all routes', () => {
  it('sees every method, and into routers within routers', () => {
    const inner = Router();
    inner.get('/files/*path', answer);
    const outer = Router();
    outer.route('/api/x').post(answer).delete(answer);
    outer.use(inner);
    expect(listRoutes([outer])).toEqual([
      { method: 'POST', path: '/api/x' },
      { method: 'DELETE', path: '/api/x' },
      { method: 'GET', path: '/files/*path' },
    ]);
  });

  it.each([
    ['middleware', (router: Router) => router.use(answer)],
    ['a router on a path', (router: Router) => router.use('/hidden', Router())],
  ])('refuses %s, which could answer unseen', (_what, hide) => {
    const router = Router();
    hide(router);
    expect(() => listRoutes([router])).toThrow(/cannot see/);
  });
});
