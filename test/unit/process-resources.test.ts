import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ProcessResources } from '../../src/process-resources.js';

describe.skipIf(process.platform !== 'linux')('ProcessResources', () => {
  it('sums a process and those it started, also when these started others or lost their parent', async () => {
    // A shell that starts: a sleep, a shell with a busy loop, and a sleep whose parent ends.
    const script = 'sleep 100 & (sleep 100 &) ; sh -c "while :; do :; done" & wait';
    const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore' });
    const pid = child.pid ?? 0;
    try {
      const resources = new ProcessResources();
      let first = (await resources.measure([pid])).get(pid);
      while (first?.processes !== 4) first = (await resources.measure([pid])).get(pid);
      expect(first.memory).toBeGreaterThan(500_000);
      const busySince = performance.now();
      const before = (await resources.measure([pid])).get(pid)?.cpu_time ?? 0;
      let later = before;
      // The loop gets some of a processor sooner or later.
      while (later < before + 0.3) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        const now = (await resources.measure([pid])).get(pid);
        expect(now?.cpu_percent ?? 0).toBeGreaterThanOrEqual(0);
        later = now?.cpu_time ?? 0;
      }
      expect((later - before) * 1000).toBeLessThan((performance.now() - busySince) * 1.5 + 100);
    } finally {
      process.kill(-pid, 'SIGKILL');
    }
  });

  it('has no share of the processor the first time, and nothing for a process that is gone', async () => {
    const resources = new ProcessResources();
    const all = await resources.measure([process.pid, 2 ** 22 + 1]);
    expect([...all.keys()]).toEqual([process.pid]);
    expect(all.get(process.pid)?.cpu_percent).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 600));
    // Somebody who asks for another process meanwhile takes nothing away.
    await resources.measure([process.ppid]);
    const share = (await resources.measure([process.pid])).get(process.pid)?.cpu_percent;
    expect(share).toEqual(expect.any(Number));
    // Asked again at once, it is the same one.
    expect((await resources.measure([process.pid])).get(process.pid)?.cpu_percent).toBe(share);
    expect(await new ProcessResources('/nowhere').measure([process.pid])).toEqual(new Map());
  });
});
