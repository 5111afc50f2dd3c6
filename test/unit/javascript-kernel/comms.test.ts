import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient, type Message } from './kernel-client.js';

describe('comms of the JavaScript kernel', () => {
  let kernel: KernelClient;
  beforeAll(async () => {
    kernel = await KernelClient.start({ env: { NO_COLOR: '1' } });
  });
  afterAll(() => kernel.close());

  const of = (id: string, type: string) => (one: Message) => one.type === type && one.content.comm_id === id;

  it('opened by the page reach the registered function, with buffers both ways, and print under their message', async () => {
    await kernel.execute(`
      comms.register('echo', (comm, first) => {
        comm.send({ opened: first.data, bytes: [...first.buffers[0]] });
        comm.onMessage = ({ data, metadata, buffers }) => {
          console.log('got', data);
          comm.send({ twice: data.n * 2, metadata }, { metadata: { m: 1 }, buffers: buffers.map((one) => one.map((byte) => byte + 1)) });
        };
        comm.onClose = ({ data }) => console.log('closed', data);
      });`);
    const open = { comm_id: 'c1', target_name: 'echo', data: { hello: 'x' } };
    kernel.send('shell', 'comm_open', open, { buffers: [Buffer.from([1, 2])] });
    const opened = await kernel.find(of('c1', 'comm_msg'));
    expect(opened.content.data).toEqual({ opened: { hello: 'x' }, bytes: [1, 2] });
    expect(await kernel.request('shell', 'comm_info_request')).toEqual({
      status: 'ok',
      comms: { c1: { target_name: 'echo' } },
    });
    expect(await kernel.request('control', 'comm_info_request', { target_name: 'other' })).toEqual({
      status: 'ok',
      comms: {},
    });

    const extras = { metadata: { from: 'page' }, buffers: [Buffer.from([1, 255]), Buffer.alloc(100_000, 7)] };
    const id = kernel.send('shell', 'comm_msg', { comm_id: 'c1', data: { n: 21 } }, extras);
    await kernel.idle(id);
    const answer = await kernel.find((one) => one.parent === id && one.type === 'comm_msg');
    expect(answer.content.data).toEqual({ twice: 42, metadata: { from: 'page' } });
    expect(answer.metadata).toEqual({ m: 1 });
    expect(answer.buffers.map((one) => [one.length, one[0], one[1]])).toEqual([
      [2, 2, 0],
      [100_000, 8, 8],
    ]);
    expect(kernel.soFar(id).stdout).toBe('got { n: 21 }\n');

    const close = kernel.send('shell', 'comm_close', { comm_id: 'c1', data: { why: 'done' } });
    await kernel.idle(close);
    expect(kernel.soFar(close).stdout).toBe("closed { why: 'done' }\n");
    expect(await kernel.request('shell', 'comm_info_request')).toEqual({ status: 'ok', comms: {} });
  });

  it('opened by a cell go to the page, which answers and closes', async () => {
    const cell = await kernel.execute(`
      const line = comms.open('page-target', { a: 1 }, { buffers: [new Uint8Array([9])] });
      line.onMessage = ({ data }) => { globalThis.heard = data; };
      line.id`);
    const open = await kernel.find((one) => one.parent === cell.id && one.type === 'comm_open');
    expect(open.content).toMatchObject({ target_name: 'page-target', data: { a: 1 } });
    expect(open.buffers.map((one) => [...one])).toEqual([[9]]);
    const comm_id = open.content.comm_id as string;
    await kernel.idle(kernel.send('shell', 'comm_msg', { comm_id, data: { from: 'page' } }));
    expect((await kernel.execute('heard')).result).toBe("{ from: 'page' }");
    await kernel.execute('line.close()');
    await kernel.find(of(comm_id, 'comm_close'));
    const { error } = await kernel.execute('line.send({})');
    expect(error?.evalue).toBe('The comm to page-target is closed.');
    expect((await kernel.execute('line.close()')).reply.status).toBe('ok');
  });

  it('to nobody are closed, and a handler that fails or spins is told under its message', async () => {
    const id = kernel.send('shell', 'comm_open', { comm_id: 'c2', target_name: 'nobody', data: {} });
    await kernel.find((one) => one.parent === id && one.type === 'comm_close');
    await kernel.execute(`
      comms.register('bad', (comm) => { comm.onMessage = async ({ data }) => {
        if (data.spin) for (;;);
        if (data.later) await null;
        throw new Error('broken');
      }; });`);
    kernel.send('shell', 'comm_open', { comm_id: 'c3', target_name: 'bad', data: {} });
    for (const data of [{}, { later: true }]) {
      const message = kernel.send('shell', 'comm_msg', { comm_id: 'c3', data });
      const error = await kernel.find((one) => one.parent === message && one.type === 'error');
      expect(error.content.evalue).toBe('broken');
    }
    const spinning = kernel.send('shell', 'comm_msg', { comm_id: 'c3', data: { spin: true } });
    await kernel.find((one) => one.parent === spinning && one.type === 'status');
    kernel.send('control', 'interrupt_request', {});
    await kernel.idle(spinning);
    await kernel.idle(kernel.send('shell', 'comm_msg', { comm_id: 'unknown', data: {} }));
    await kernel.idle(kernel.send('shell', 'comm_msg', { data: {} }));
    expect((await kernel.execute('1 + 1')).result).toBe('2');
  });
});

describe('asking for help in a cell', () => {
  let kernel: KernelClient;
  beforeAll(async () => {
    kernel = await KernelClient.start({ env: { NO_COLOR: '1' } });
  });
  afterAll(() => kernel.close());

  it.each([
    ['add?', /Signature:.* add\(a, b\)[^]*Sums two numbers/, false],
    ['?add', /Signature:.* add\(a, b\)/, false],
    ['add??', /return a \+ b/, true],
    [' ??Math.max ; ', /max\(2 arguments\)/, true],
  ])('%s answers with a page', async (code, text) => {
    await kernel.execute('/** Sums two numbers */\nfunction add(a, b) { return a + b; }');
    const { reply, outputs } = await kernel.execute(code);
    expect(outputs).toEqual([]);
    expect(reply).toMatchObject({ status: 'ok', payload: [{ source: 'page', start: 0 }] });
    const [payload] = reply.payload as { data: Record<string, string> }[];
    expect(payload?.data['text/plain']?.replace(/\x1b\[\d+m/g, '')).toMatch(text);
    expect(await kernel.request('shell', 'is_complete_request', { code })).toMatchObject({
      status: 'complete',
    });
  });

  it('says when there is nothing, and leaves JavaScript alone', async () => {
    expect((await kernel.execute('nowhere?')).stdout).toBe('There is no nowhere.\n');
    expect((await kernel.execute('true ? 1 : 2')).result).toBe('1');
    expect((await kernel.execute('null ?? 5')).result).toBe('5');
    expect((await kernel.execute('?.5')).reply.status).toBe('error');
  });

  it('asked on control while a cell runs does not disturb the cell', async () => {
    const cell = kernel.executeNow('await new Promise((resolve) => setTimeout(resolve, 300)); "done"');
    await kernel.find((one) => one.parent === cell && one.type === 'execute_input');
    const looked = kernel.send('control', 'inspect_request', { code: 'Math.max', cursor_pos: 8 });
    expect((await kernel.done(cell)).result).toBe("'done'");
    const reply = await kernel.find((one) => one.parent === looked && one.channel === 'control');
    expect(reply.content.found).toBe(true);
  });
});

describe('display.table', () => {
  let kernel: KernelClient;
  beforeAll(async () => {
    kernel = await KernelClient.start({ env: { NO_COLOR: '1' } });
  });
  afterAll(() => kernel.close());

  const table = async (expression: string) => {
    const { outputs, error } = await kernel.execute(`display.table(${expression})`);
    expect(error).toBeUndefined();
    return outputs[0]?.content.data as Record<string, string>;
  };

  it.each([
    [
      '[{ a: 1, b: "x" }, { a: 2, c: null }]',
      ['', 'a', 'b', 'c'],
      ['0', '1', 'x', ''],
      ['1', '2', '', 'null'],
    ],
    ['[[1, 2], [3, 4]]', [], ['0', '1', '2'], ['1', '3', '4']],
    ['new Map([["k", { v: [1] }], ["l", { v: {} }]])', ['', 'v'], ['k', '[ 1 ]'], ['l', '{}']],
    ['{ one: 1, two: 2 }', ['', 'value'], ['one', '1'], ['two', '2']],
    ['[{ a: 1, b: 2 }, { a: 3, b: 4 }], { columns: ["b"] }', ['', 'b'], ['0', '2'], ['1', '4']],
  ])('%s', async (expression, head, ...rows) => {
    const html = (await table(expression))['text/html'] ?? '';
    const cells = (row: string) => [...row.matchAll(/<t[hd]>(.*?)<\/t[hd]>/g)].map((match) => match[1]);
    const [first = '', ...rest] = html.match(/<tr>.*?<\/tr>/g) ?? [];
    const seen =
      head.length > 0 ? [cells(first), ...rest.map(cells)] : [[], cells(first), ...rest.map(cells)];
    expect(seen).toEqual([head, ...rows]);
  });

  it('escapes, has a text, and shows a part of what is large', async () => {
    const { 'text/html': html = '', 'text/plain': text = '' } = await table('[{ "<b>": "<script>&\\"" }]');
    expect(html).not.toMatch(/<script|<b>/);
    expect(html).toContain('&#60;script&#62;&#38;&#34;');
    expect(text).toContain('<script>');
    const large = await table('Array.from({ length: 5000 }, (_, i) => ({ i }))');
    expect(large['text/html']?.match(/<tr>/g)).toHaveLength(1001);
    expect(large['text/html']).toContain('4000 more rows');
    expect(large['text/plain']).toContain('4980 more rows');
    expect((await kernel.execute('display.table(5)')).error?.evalue).toMatch(/takes an array/);
  });
});
