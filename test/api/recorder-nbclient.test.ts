/** What our recorder makes of a run, beside what nbclient (Jupyter's own runner of notebooks) makes of the same run. */
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutOverwritten } from '../../src/notebook/overwritten-text.js';
import type { Output } from '../../src/notebook/types.js';
import { hasPythonKernel } from '../parts.js';
import { startTestServer, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { DocumentTestPage } from './document-page.js';

const hasNbclient = existsSync('/usr/lib/python3/dist-packages/nbclient');

const NOTEBOOKS: Record<string, string[]> = {
  'streams, neighbouring and in turn': [
    'import sys\nprint("a"); print("b"); print("c", file=sys.stderr); print("d")',
    'print("no line end", end="")\nprint(" … and on")',
    'sys.stdout.write("one"); sys.stdout.flush(); sys.stdout.write("two\\n")',
  ],
  'clear_output, at once and with the next output': [
    'from IPython.display import clear_output, display\nprint("gone"); clear_output(); print("kept")',
    'for n in range(5):\n    print(n)\n    clear_output(wait=True)\nprint("end")',
    'print("stays")\nclear_output(wait=True)',
    'display("x"); clear_output(wait=True); display("y"); print("z")',
  ],
  'display ids across cells': [
    'from IPython.display import display, update_display\nh = display("first", display_id="d")',
    'h.update("second")\ndisplay("again", display_id="d")',
    'update_display("third", display_id="d"); print("done")',
    'update_display("nobody", display_id="never shown")',
  ],
  'progress bars': [
    'import sys\nfor n in range(101):\n    sys.stderr.write(f"\\r{n:3d}%|{\'#\' * (n // 10)}"); sys.stderr.flush()\nsys.stderr.write("\\n")',
    'print("abc\\b\\bXY"); print("12345\\rab")',
    'for n in range(3000):\n    print(f"\\r{n} " + "#" * 40, end="")',
  ],
  'results and what hides them': ['1 + 1', '2;', 'None', '"text"', '_ + "!"', 'a = 3', 'a\n'],
  'errors, and what was printed before them': [
    'print("before")\n1 / 0\nprint("after")',
    'def f():\n    raise ValueError("deep 🙂")\nf()',
    'raise KeyboardInterrupt()',
    'import sys\nsys.exit("bye")',
    'this is no python',
  ],
  'rich displays': [
    'from IPython.display import HTML, Markdown, Latex, SVG, JSON, Image, display\nHTML("<b>x</b>")',
    'display(Markdown("# h"), Latex("$x$"), SVG("<svg xmlns=\'http://www.w3.org/2000/svg\'/>"))',
    'JSON({"a": [1, 2.5, None]}, expanded=True)',
    'class R:\n    def _repr_html_(self): return "<i>r</i>"\n    def __repr__(self): return "R"\nR()',
    'display({"text/plain": "p", "application/x-own": "o"}, raw=True, metadata={"k": 1})',
  ],
  pandas: ['import pandas as pd\npd.DataFrame({"a": [1, 2], "b": ["x", "y"]})', 'pd.Series([1.5, 2.5])'],
  matplotlib: [
    '%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show(); print("after")',
  ],
  'much text': ['for n in range(20000): print(n)', 'print("x" * 300000)'],
  'unicode and colours': [
    'print("ä 🙂 \\u2028 \\x1b[31mred\\x1b[0m")',
    '"\\ud83d\\ude00"',
    'print("tab\\tend\\x00nul")',
  ],
  magics: [
    '%%capture c\nprint("hidden")',
    'c.show()',
    '%%bash\necho shell; echo err >&2',
    '!echo system',
    '%%html\n<u>h</u>',
  ],
  'an awaited cell': [
    'import asyncio\nawait asyncio.sleep(0.05); print("slept")',
    'await asyncio.sleep(0, "value")',
  ],
  'threads that end in time': [
    'import threading, time\ndef f():\n    time.sleep(0.05); print("thread")\nt = threading.Thread(target=f); t.start(); t.join()',
  ],
  'nothing at all': ['', '   \n', '# only a comment', 'pass'],
  'output widgets and other comms': [
    'from ipykernel.comm import Comm\nc = Comm(target_name="nobody"); c.send({"a": 1}); print("sent"); c.close()',
  ],
  'logging and warnings': [
    'import logging, warnings\nlogging.warning("w")\nprint("out")',
    'import sys\nprint("e1", file=sys.stderr); print("o1"); print("e2", file=sys.stderr)',
  ],
};
const FEW = ['clear_output, at once and with the next output', 'display ids across cells', 'progress bars'];

const JUDGE = `
import json, sys, nbformat
from nbclient import NotebookClient
for path in sys.argv[1:]:
    nb = nbformat.read(path, 4)
    NotebookClient(nb, kernel_name='python3', allow_errors=True, timeout=60).execute()
    nbformat.write(nb, path + '.out')
    print(json.dumps([cell.get('outputs', []) for cell in nb.cells]))
`;

/** Neighbouring text of one stream joined, shown as a terminal would; the parts that are equal in any two runs. */
function plain(outputs: readonly Output[]): unknown[] {
  const result: Record<string, unknown>[] = [];
  for (const output of outputs) {
    const last = result.at(-1);
    if (output.output_type === 'stream') {
      if (last?.['name'] === output.name) last['text'] = `${String(last['text'])}${output.text}`;
      else result.push({ name: output.name, text: output.text });
    } else if (output.output_type === 'error') {
      result.push({ ename: output.ename, evalue: output.evalue });
    } else if (output.output_type !== 'reference') {
      const { 'image/png': png, ...data } = output.data;
      const count = output.output_type === 'execute_result' ? output.execution_count : undefined;
      result.push({ data: { ...data, isPicture: png !== undefined }, metadata: output.metadata, count });
    }
  }
  return result.map((one) => ({
    ...one,
    ...(typeof one['text'] === 'string' ? { text: withoutOverwritten(one['text']) } : {}),
  }));
}

describe.skipIf(!hasPythonKernel || !hasNbclient)('the recorder beside nbclient', () => {
  let server: TestServer;
  let judged: Output[][][];
  const names = everything ? Object.keys(NOTEBOOKS) : FEW;
  beforeAll(async () => {
    server = await startTestServer();
    const files = names.map((name, n) => {
      const cells = (NOTEBOOKS[name] ?? []).map((source, at) => ({
        id: `c${at}`,
        cell_type: 'code',
        source,
        metadata: { tags: ['raises-exception'] },
        outputs: [],
        execution_count: null,
      }));
      const metadata = { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } };
      const file = join(server.notebooks, `judged-${n}.ipynb`);
      writeFileSync(file, JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }));
      return file;
    });
    const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', JUDGE, ...files], {
      maxBuffer: 64_000_000,
      env: { ...process.env, HOME: server.home, IPYTHONDIR: join(server.home, 'ipython') },
    });
    judged = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Output[][]);
  });
  afterAll(() => server.close());

  it.each(names.map((name, n) => [name, n] as const))('%s', async (_, n) => {
    const page = await DocumentTestPage.open(server, `judged-${n}.ipynb`);
    const ids = [...page.sync.view.ids];
    page.sync.execute(ids);
    await page.until(
      () => page.sync.isConfirmed && ids.every((id) => page.sync.view.cell(id)?.run.state === 'idle'),
    );
    await page.until(() =>
      ids.every((id) => page.isDone(id) || page.sync.view.cell(id)?.cell.source.trim() === ''),
    );
    const ours = await Promise.all(ids.map(async (id) => plain(await page.whole(id))));
    expect(ours).toEqual(judged[n]?.map(plain));
    await page.close();
  });
});
