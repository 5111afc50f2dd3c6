import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client.js';

describe('interrupting the JavaScript kernel', () => {
  let kernel: KernelClient;
  beforeAll(async () => {
    kernel = await KernelClient.start();
    await kernel.execute('let kept = 0; const sleep = (ms) => new Promise((done) => setTimeout(done, ms));');
  });
  afterAll(() => kernel.close());

  /** Runs a cell that never ends, waits for its first line, interrupts. */
  const interrupted = async (code: string) => {
    const id = kernel.executeNow(`console.log('begun');\n${code}`);
    await kernel.find((one) => one.parent === id && one.type === 'stream', 'the first line');
    expect(await kernel.request('control', 'interrupt_request')).toEqual({ status: 'ok' });
    return kernel.done(id);
  };

  it.each([
    ['a loop', 'while (true) {}'],
    ['a loop that catches everything', 'try { for (;;); } catch {} finally { kept += 0 }'],
    ['a loop after an await', 'await 1; for (;;);'],
    ['a loop of microtasks', 'for (;;) await 0'],
    ['a loop in a timer', 'setTimeout(() => { for (;;); }, 1); await new Promise(() => {})'],
    ['a loop after a sleep', 'await sleep(1); for (;;);'],
    ['a wait without end', 'await new Promise(() => {})'],
    ['a wait for one of node’s timers', "await (await import('node:timers/promises')).setTimeout(1e6)"],
    ['a question', "prompt('never answered')"],
    [
      'a value that takes for ever to show',
      "({ [Symbol.for('nodejs.util.inspect.custom')]() { for (;;); } })",
    ],
    ['a pattern that explodes', "/(a+)+$/.test('a'.repeat(40) + 'b')"],
    ['a flood of output', "for (;;) console.log('flood')"],
  ])('ends %s and keeps the state', async (_, code) => {
    const cell = await interrupted(`kept++; ${code}`);
    expect(cell.reply).toMatchObject({ status: 'error', ename: 'Interrupted' });
    expect(cell.outputs.filter((one) => one.type === 'error')).toHaveLength(1);
    expect((await kernel.execute('kept > 0')).result).toContain('true');
  });

  it('stops a loop that sleeps for good', async () => {
    const cell = await interrupted("for (;;) { await sleep(5); console.log('again') }");
    await kernel.execute('await sleep(100)');
    const { stdout } = kernel.soFar(cell.id);
    await kernel.execute('await sleep(100)');
    expect(kernel.soFar(cell.id).stdout).toBe(stdout);
  });

  it('stops a timer that spins beside the cells', async () => {
    const id = kernel.executeNow("setInterval(() => { console.log('spinning'); for (;;); }, 1); 1");
    await kernel.find((one) => one.parent === id && one.type === 'stream', 'the first line');
    expect(await kernel.request('control', 'interrupt_request')).toEqual({ status: 'ok' });
    expect((await kernel.execute("'free'")).result).toContain('free');
  });

  it('does nothing to a kernel that rests', async () => {
    expect(await kernel.request('control', 'interrupt_request')).toEqual({ status: 'ok' });
    expect((await kernel.execute('1 + 1')).reply.status).toBe('ok');
  });

  it('takes queued cells along', async () => {
    const running = kernel.executeNow("console.log('begun'); for (;;);");
    const queued = kernel.executeNow('kept = -1');
    await kernel.find((one) => one.parent === running && one.type === 'stream', 'the first line');
    await kernel.request('control', 'interrupt_request');
    expect((await kernel.done(queued)).reply.status).toBe('aborted');
    expect((await kernel.execute('kept > 0')).result).toContain('true');
  });

  it('answers heartbeat and control while a cell spins', async () => {
    const id = kernel.executeNow("console.log('begun'); for (;;);");
    await kernel.find((one) => one.parent === id && one.type === 'stream', 'the first line');
    expect(await kernel.beat('alive?')).toBe('alive?');
    expect(await kernel.request('control', 'kernel_info_request')).toMatchObject({ status: 'ok' });
    await kernel.request('control', 'interrupt_request');
    await kernel.done(id);
  });

  it('ignores SIGINT', async () => {
    kernel.process.kill('SIGINT');
    expect((await kernel.execute('await sleep(20); 1')).reply.status).toBe('ok');
  });
});
