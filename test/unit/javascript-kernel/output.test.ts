import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client.js';

describe('output of the JavaScript kernel', () => {
  let kernel: KernelClient;
  beforeAll(async () => {
    kernel = await KernelClient.start({ env: { NO_COLOR: '1' } });
  });
  afterAll(() => kernel.close());

  it('is complete and in order before idle, in few messages', async () => {
    const { outputs, stdout } = await kernel.execute('for (let i = 0; i < 100_000; i++) console.log(i)');
    const lines = stdout.split('\n');
    expect(lines).toHaveLength(100_001);
    expect(lines.every((line, i) => line === String(i) || i === 100_000)).toBe(true);
    expect(outputs.length).toBeLessThan(1000);
  });

  it('keeps the order of streams and displays', async () => {
    const { outputs } = await kernel.execute(
      'console.log("a"); console.error("b"); display("c"); console.log("d"); console.log("e"); "f"',
    );
    const seen = outputs.map(({ type, content }) =>
      type === 'stream' ? `${String(content.name)} ${String(content.text)}` : type,
    );
    expect(seen).toEqual(['stdout a\n', 'stderr b\n', 'display_data', 'stdout d\ne\n', 'execute_result']);
  });

  it('is seen while the cell spins', async () => {
    const id = kernel.executeNow('console.log("first"); console.log("second"); for (;;);');
    await kernel.find((one) => one.parent === id && one.type === 'stream');
    await kernel.request('control', 'interrupt_request');
    await kernel.done(id);
    expect(kernel.soFar(id).stdout).toBe('first\nsecond\n');
  });

  it('goes under the cell that made it, however late', async () => {
    const late = await kernel.execute(`
      const after = (what) => setTimeout(() => console.log(what), 60);
      after('timer'); after('timer 2');
      setTimeout(() => after('timer in a timer'), 20);
      fs.stat('/', () => after('file'));
      fs.promises.stat('/').then(() => after('promise'));
      (async () => { await null; after('async function') })();
      queueMicrotask(() => after('microtask'));
      process.nextTick(() => after('tick'));
      require('child_process').exec('echo child', (_, text) => after(text.trim()));
      0`);
    const other = await kernel.execute(
      'console.log("mine"); await new Promise((done) => setTimeout(done, 700))',
    );
    const lateLines = () => kernel.soFar(late.id).stdout.trim().split('\n').sort();
    await expect
      .poll(lateLines)
      .toEqual([
        'async function',
        'child',
        'file',
        'microtask',
        'promise',
        'tick',
        'timer',
        'timer 2',
        'timer in a timer',
      ]);
    expect(kernel.soFar(other.id).stdout).toBe('mine\n');
  });

  it('of child processes with inherited streams goes to the process', async () => {
    await kernel.execute('require("child_process").execSync("echo from a child", { stdio: "inherit" }); 0');
    await expect.poll(() => kernel.raw).toContain('from a child');
  });
});
