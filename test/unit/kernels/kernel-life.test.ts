import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newConnection } from '../../../src/kernels/connection-file.js';
import { KernelLife } from '../../../src/kernels/kernel-life.js';
import { defaultLimits } from '../../../src/kernels/kernel-limits.js';
import { KernelProcess } from '../../../src/kernels/process.js';
import { ReadAheadBudget } from '../../../src/kernels/read-ahead.js';
import { noTraffic } from '../../../src/kernels/traffic.js';
import { silentLog } from '../../../src/log.js';
import { everything } from '../../tier.js';

describe.runIf(everything)('KernelLife of a process that may not be signalled', () => {
  afterEach(() => vi.restoreAllMocks());

  it('ends all the same, and whoever waits for it is told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nbserver-life-'));
    const connectionFile = join(folder, 'kernel.json');
    const pids: number[] = [];
    const life = new KernelLife(
      {
        id: 'mute',
        spec: {
          name: 'mute',
          argv: [],
          displayName: 'mute',
          language: 'none',
          env: {},
          interruptMode: 'signal',
          metadata: {},
          resourceDir: folder,
        },
        connectionFile,
        outputFile: join(folder, 'kernel.log'),
        limits: { ...defaultLimits, startTimeout: 200, shutdownWait: 100 },
        newConnection: () => newConnection({ kernelName: 'mute', transport: 'tcp', socketPath: folder }),
        command: () => Promise.resolve({ argv: ['/bin/sleep', '100'], cwd: folder, env: {} }),
        onFile: () => {},
        onProcess: (pid) => pid !== undefined && pids.push(pid),
        onEvent: () => {},
        traffic: noTraffic(),
        readAhead: new ReadAheadBudget(),
        log: silentLog,
      },
      'us',
      { onMessage: () => {}, onState: () => {}, onEnd: () => {}, holdReading: () => undefined },
    );
    vi.spyOn(KernelProcess.prototype, 'signal').mockReturnValue(false);
    try {
      await life.start();
      await expect(life.ready).rejects.toThrow(/goes on and cannot be ended from here/);
      expect(life.state).toBe('dead');
    } finally {
      for (const pid of pids) process.kill(-pid, 'SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });
});
