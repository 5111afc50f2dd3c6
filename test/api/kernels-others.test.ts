/** Kernels that others wrote, each with its own habits: R, Octave, xeus-python; and ours under Jupyter's test-suite. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../src/package-files.js';
import { ChannelClient } from '../fake-kernel/channel-client.js';
import { startKernelServer } from '../fake-kernel/kernel-server.js';
import type { KernelServer } from '../fake-kernel/kernel-server.js';
import { hasKernelTest, installedKernels } from '../parts.js';
import { everything } from '../tier.js';

interface OtherKernel {
  name: string;
  hello: string;
  error: string;
  /** the error is a message of its own; octave prints it */
  errorIs: 'error' | 'text';
  /** shows 42 */
  value: string;
  endless: string;
  /** how the endless cell ends when it is interrupted; undefined: only a restart ends it */
  interrupted?: string[];
}

const kernels: OtherKernel[] = [
  {
    name: 'ir',
    hello: 'cat("hello")',
    error: 'stop("on purpose")',
    errorIs: 'error',
    value: '6 * 7',
    endless: 'while (TRUE) Sys.sleep(0.1)',
    // IRkernel's word for it is "abort".
    interrupted: ['abort', 'aborted', 'error'],
  },
  {
    name: 'octave',
    hello: 'printf("hello")',
    error: 'error("on purpose")',
    errorIs: 'text',
    value: '6 * 7',
    endless: 'while true, pause(0.1); end',
    interrupted: ['abort', 'aborted', 'error', 'ok'],
  },
  {
    name: 'xpython',
    hello: 'print("hello")',
    error: 'raise ValueError("on purpose")',
    errorIs: 'error',
    value: '6 * 7',
    // The signal ends the process; other versions ignore it and go on.
    endless: 'import time\nwhile True: time.sleep(0.1)',
  },
];

describe.runIf(everything)('a kernel of somebody else', () => {
  let server: KernelServer;
  beforeAll(async () => {
    server = await startKernelServer({
      dataPath: ['/usr/share/jupyter'],
      python: { path: process.env.PATH ?? '', env: process.env },
      limits: { shutdownWait: 4000 },
    });
  });
  afterAll(() => server.close());

  it.for(kernels)(
    '$name starts, runs, fails, is interrupted or restarted, and stops',
    async (other, { skip }) => {
      skip(!installedKernels.has(other.name));
      const kernel = await server.kernels.start({ name: other.name });
      await kernel.ready;
      expect(kernel.info?.implementation).not.toBe('');
      const client = await ChannelClient.open(server.wsUrl, kernel.id);
      const run = async (code: string) => {
        const cell = client.executeCode(code);
        const reply = await client.done(cell);
        const of = (type: string) =>
          client.received.filter(({ header, parent }) => header.msg_type === type && parent.msg_id === cell);
        return { cell, reply, of, text: plain(client.output(cell)) };
      };
      expect((await run(other.hello)).text).toContain('hello');

      const value = await run(other.value);
      const shown = [...value.of('execute_result'), ...value.of('display_data')].map(({ content }) =>
        JSON.stringify(content.data),
      );
      expect([...shown, value.text].join('\n')).toContain('42');

      const failed = await run(other.error);
      if (other.errorIs === 'error') {
        expect(failed.reply.content.status).toBe('error');
        expect(JSON.stringify(failed.of('error')[0]?.content)).toContain('on purpose');
      } else {
        expect(plain(JSON.stringify(failed.of('stream').map(({ content }) => content)))).toContain(
          'on purpose',
        );
      }

      const endless = client.executeCode(other.endless);
      await client.until(
        ({ header, parent, content }) =>
          header.msg_type === 'status' && parent.msg_id === endless && content.execution_state === 'busy',
      );
      await new Promise((resolve) => setTimeout(resolve, 500));
      await kernel.interrupt();
      if (other.interrupted) {
        // one that comes before the loop has begun is lost
        const again = setInterval(() => void kernel.interrupt(), 10_000);
        const reply = await client.done(endless).finally(() => clearInterval(again));
        expect(other.interrupted).toContain(reply.content.status);
      } else {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        if (kernel.state === 'busy') await kernel.restart();
        else
          expect(server.log.lines.join('\n')).toContain(
            'ended unasked: The kernel ended when it was interrupted',
          );
        await kernel.ready;
      }
      expect((await run(other.hello)).text).toContain('hello');

      const { pid = 0 } = kernel;
      await client.close();
      await server.kernels.shutdown(kernel.id);
      expect(() => process.kill(-pid, 0)).toThrow(/ESRCH/);
    },
  );

  /** Without the private modes (`ESC[?2004l`) that octave's readline writes, and without colours. */
  const plain = (text: string) => text.replace(/\x1b\[[?\d;]*[a-z]/gi, '');
});

describe.runIf(everything && hasKernelTest)("Jupyter's test-suite for kernels", () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'nbserver-kernel-test-'));
    const folder = join(home, 'data', 'kernels', 'javascript');
    mkdirSync(folder, { recursive: true });
    const main = packageFile('dist', 'javascript-kernel', 'main.js');
    const spec = {
      argv: [process.execPath, '--no-force-async-hooks-checks', main, '{connection_file}'],
      display_name: 'JavaScript (Node.js)',
      language: 'javascript',
      interrupt_mode: 'message',
      // The suite compares texts without colours.
      env: { NO_COLOR: '1' },
    };
    writeFileSync(join(folder, 'kernel.json'), JSON.stringify(spec));
  });
  afterAll(() => rmSync(home, { recursive: true }));

  it('is passed by the JavaScript kernel, and nothing of it skipped', async () => {
    const env = {
      ...process.env,
      HOME: home,
      JUPYTER_DATA_DIR: join(home, 'data'),
      JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
    };
    const test = packageFile('test', 'api', 'javascript_kernel_test.py');
    const { error, output } = await new Promise<{ error: Error | null; output: string }>((resolve) => {
      execFile('/usr/bin/python3', [test, '-v'], { env, cwd: home }, (error, stdout, stderr) =>
        resolve({ error, output: stdout + stderr }),
      );
    });
    expect(error, output).toBeNull();
    expect(output).toMatch(/^Ran 12 tests/m);
    expect(output).toMatch(/^OK$/m);
  });
});
