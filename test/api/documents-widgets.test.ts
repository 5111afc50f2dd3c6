/** Widgets of a real kernel, followed while no page is there. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WidgetState } from '../../src/protocol/widget-messages.js';
import { hasPythonKernel } from '../parts.js';
import { startTestServer, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { codeNotebook, DocumentTestPage } from './document-page.js';

const hasIpywidgets =
  hasPythonKernel && spawnSync('/usr/bin/python3', ['-c', 'import ipywidgets']).status === 0;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const notebook = (...sources: string[]) => codeNotebook(server, sources);
const models = (page: DocumentTestPage) => ({
  ...page.last('snapshot')?.widgets,
  ...page.last('widgets')?.models,
});
const named = (page: DocumentTestPage, name: string) =>
  Object.values(models(page)).find((model) => model?.model_name === name);

describe.runIf(everything && hasPythonKernel)('a widget', () => {
  it('is right in a page that opens while its kernel moves it on, and in one that comes back', async () => {
    const source = [
      'import time',
      'from ipykernel.comm import Comm',
      'state = {"_model_name": "FloatProgressModel", "_model_module": "m", "_model_module_version": "2.0.0"}',
      'bar = Comm(target_name="jupyter.widget", data={"state": {**state, "value": 0, "max": 40}, "buffer_paths": []})',
      'closed = Comm(target_name="jupyter.widget", data={"state": dict(state), "buffer_paths": []})',
      'bar.send({"method": "update", "state": {}, "buffer_paths": [["pixels"]]}, buffers=[b"\\x00\\x01\\x02"])',
      'closed.close()',
      'for n in range(1, 41):',
      '    bar.send({"method": "update", "state": {"value": n}, "buffer_paths": []})',
      '    time.sleep(0.05)',
    ].join('\n');
    const path = notebook(source);
    const first = await DocumentTestPage.open(server, path, { start_kernel: true });
    first.sync.execute(['c0']);
    await first.until(() => named(first, 'FloatProgressModel') !== undefined);
    await first.close();
    const later = await DocumentTestPage.open(server, path);
    expect(Object.keys(later.last('snapshot')?.widgets ?? {})).toHaveLength(1);
    expect(named(later, 'FloatProgressModel')).toMatchObject({ state: { max: 40 } });
    later.drop();
    await later.connect();
    expect(later.last('resumed')).toBeDefined();
    await later.until(() => later.isDone('c0'));
    await later.until(() => {
      const bar = named(later, 'FloatProgressModel');
      return bar !== undefined && bar !== null && 'state' in bar && bar.state['value'] === 40;
    });
    const answer = await server.fetch(`api/documents/${later.id}/widgets`);
    expect(answer.headers.get('content-type')).toContain('application/vnd.jupyter.widget-state+json');
    const { state } = (await answer.json()) as WidgetState;
    const [[id, model] = []] = Object.entries(state);
    expect(model).toMatchObject({
      state: { value: 40 },
      buffers: [{ encoding: 'base64', path: ['pixels'], data: 'AAEC' }],
    });
    expect(await (await server.fetch(`api/documents/${later.id}/widgets/${id}`)).json()).toEqual(model);
    expect((await server.fetch(`api/documents/${later.id}/widgets/constructor`)).status).toBe(404);
    await later.close();
  });

  it.skipIf(!hasIpywidgets)(
    'takes what ipywidgets captures in it, and not what is printed beside it',
    async () => {
      const path = notebook(
        [
          'import ipywidgets as widgets',
          'out = widgets.Output()',
          'print("before")',
          'with out:',
          '    print("captured")',
          '    print("twice")',
          'print("after")',
        ].join('\n'),
        'out.clear_output()\nwith out:\n    1 / 0\nprint("goes on")',
      );
      const page = await DocumentTestPage.open(server, path, { start_kernel: true });
      page.sync.execute(['c0']);
      await page.until(() => page.isDone('c0'));
      expect(page.text('c0')).toBe('before\nafter\n');
      const captured = () => {
        const model = named(page, 'OutputModel');
        return model !== undefined && model !== null && 'state' in model ? model.state['outputs'] : undefined;
      };
      await page.until(() => JSON.stringify(captured() ?? '').includes('twice'));
      expect(captured()).toEqual([{ output_type: 'stream', name: 'stdout', text: 'captured\ntwice\n' }]);
      page.sync.execute(['c1']);
      await page.until(() => page.isDone('c1'));
      expect(page.text('c1')).toBe('goes on\n');
      await page.until(() => JSON.stringify(captured() ?? '').includes('ZeroDivisionError'));
      expect(captured()).toMatchObject([{ output_type: 'error', ename: 'ZeroDivisionError' }]);
      await page.close();
    },
  );
});
