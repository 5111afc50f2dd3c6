import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryWatch } from '../../../src/kernels/memory-watch.js';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'nbserver-memory-'))));
afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, text: string): void {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
const watch = (pid = process.pid, proc = join(root, 'proc')) =>
  new MemoryWatch(pid, () => true, { proc, cgroup: join(root, 'cgroup') });

describe('MemoryWatch', () => {
  it.each([
    ['cgroup/user.slice/me/memory.events', '0::/user.slice/me\n', 'low 0\noom 3\noom_kill 2\n'],
    [
      'cgroup/memory/docker/abc/memory.oom_control',
      '4:cpu,memory:/docker/abc\n',
      'under_oom 0\noom_kill 2\n',
    ],
    ['cgroup/memory.events', '0::/\n', 'oom_kill 2\n'],
    ['cgroup/memory/memory.oom_control', '9:memory:/seen/from/outside\n', 'oom_kill 2\n'],
    ['proc/vmstat', '', 'nr_free_pages 5\noom_kill 2\n'],
  ])('sees in %s that the system ended a process for lack of memory', async (file, groups, before) => {
    write('proc/self/cgroup', groups);
    write(file, before);
    const quiet = watch();
    expect((await quiet.conclude()).outOfMemory).toBe(false);
    const killed = watch();
    await watch().conclude(); // it has read what was before, too
    await new Promise((resolve) => setTimeout(resolve, 50));
    write(file, before.replace('oom_kill 2', 'oom_kill 3'));
    expect((await killed.conclude()).outOfMemory).toBe(true);
  });

  it.each([
    ['works', 4],
    ['rests', 40],
  ])('takes no end of long ago for that of a process that %s', async (does, ticks) => {
    write('proc/vmstat', 'oom_kill 2\n');
    write(`proc/${process.pid}/status`, 'VmHWM: 100 kB\n');
    let looks = 0;
    const isWorking = () => (looks += 1) > 0 && does === 'works';
    const sources = { proc: join(root, 'proc'), cgroup: join(root, 'cgroup') };
    const one = new MemoryWatch(process.pid, isWorking, sources, 5);
    await expect.poll(() => looks).toBeGreaterThan(1);
    write('proc/vmstat', 'oom_kill 3\n');
    const before = looks;
    await expect.poll(() => looks).toBeGreaterThan(before + ticks);
    expect((await one.conclude()).outOfMemory).toBe(false);
  });

  it('says nothing where the system tells nothing', async () => {
    expect(await watch().conclude()).toEqual({ outOfMemory: false, peak: undefined });
  });

  it.skipIf(process.platform !== 'linux')('knows the most memory that a process had', async () => {
    const held = Buffer.alloc(50_000_000, 1);
    const one = watch(process.pid, '/proc');
    await new Promise((resolve) => setTimeout(resolve, 1300));
    const { peak = 0 } = await one.conclude();
    expect(peak).toBeGreaterThan(held.length);
    const kilobytes = Number(execFileSync('ps', ['-o', 'rss=', String(process.pid)]).toString());
    expect(peak).toBeGreaterThanOrEqual(kilobytes * 1024 * 0.5);
  });
});
