import { describe, expect, it } from 'vitest';
import { ModelPage, ModelServer, settle, step, Typed } from './page-sync-model.js';
import { plain, Random, randomNotebook } from './random-operations.js';

describe('PageSync and OperationLog together', () => {
  const rounds = 60;
  const steps = 220;

  it.each([
    ['a good network', { drops: false, snapshots: false, splits: false }],
    ['connections that break', { drops: true, snapshots: false, splits: false }],
    ['slow pages, files read again', { drops: true, snapshots: true, splits: false }],
    ['cells that are split', { drops: true, snapshots: true, splits: true }],
  ])('end equal, and nothing typed is lost: %s', (_, trouble) => {
    let tokens = 0;
    for (let seed = 1; seed <= rounds; seed += 1) {
      const random = new Random(seed);
      const typed = new Typed();
      const server = new ModelServer(randomNotebook(random));
      const pages = ['a', 'b', 'c'].map((name) => new ModelPage(name, random, typed));
      for (const page of pages) server.connect(page);
      for (let n = 0; n < steps; n += 1) {
        step(random, server, pages, trouble);
        for (const page of pages)
          if (!page.mirrors) expect(plain(page.mirror), `seed ${seed}`).toEqual(plain(page.sync.view));
      }
      settle(server, pages);
      for (const page of pages) {
        expect(page.sync.isConfirmed, `seed ${seed}`).toBe(true);
        expect(plain(page.sync.view), `seed ${seed}`).toEqual(plain(server.log.state));
      }
      const counts = typed.count(server.log.state);
      tokens += counts.size;
      if (trouble.splits) continue;
      const wrong = [...counts].filter(([, count]) => (trouble.snapshots ? count < 1 : count !== 1));
      expect(wrong, `seed ${seed}`).toEqual([]);
      if (!trouble.snapshots) {
        const runs = pages.reduce((sum, page) => sum + page.executes, 0);
        expect(server.executed.length, `seed ${seed}`).toBe(runs);
      }
    }
    expect(tokens).toBeGreaterThan(rounds * 5);
  });
});
