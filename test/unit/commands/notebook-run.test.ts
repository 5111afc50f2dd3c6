import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { NotebookRun } from '../../../src/commands/notebook-run.js';

const request = {
  token: 't',
  path: 'a.ipynb',
  kernel: undefined,
  timeout: undefined,
  allowErrors: false,
  isOwnServer: false,
};

it.each<[object[], boolean, string | undefined]>([
  [[{ status: 'error', expected: true }, { status: 'ok' }], false, undefined],
  [[{ status: 'error', expected: true }, { status: 'error' }], false, 'Code cell 2 failed.'],
  [[{ status: 'error' }], true, undefined],
  [[{ status: 'error' }, { status: 'aborted', reason: 'The kernel died.' }], true, 'The kernel died.'],
])('takes %j with --allow-errors=%s as: %s', async (cells, allowErrors, problem) => {
  const model = { id: 'd', running: null, waiting: [], cells, content: {} };
  const { url, close } = await answering((_req, res) => void res.end(JSON.stringify(model)));
  try {
    const run = new NotebookRun({ ...request, url, allowErrors });
    expect(await run.toTheEnd(() => undefined)).toEqual({ problem });
  } finally {
    close();
  }
});

it('is interrupted also when the server is told so before it has begun to run', async () => {
  let isRunning = false;
  let interrupts = 0;
  const { url, close } = await answering((req, res) => {
    void (async () => {
      if (req.method === 'DELETE') {
        interrupts += 1;
        isRunning = false;
      } else if (req.url === '/api/documents/d/run' && req.method === 'POST') {
        run.stop();
        while (interrupts === 0) await new Promise((resolve) => setTimeout(resolve, 2));
        isRunning = true;
      }
      const cells = [{ id: 'a', status: 'ok' }];
      res.end(JSON.stringify({ id: 'd', running: isRunning ? 'a' : null, waiting: [], cells }));
    })();
  });
  const run = new NotebookRun({ ...request, url });
  try {
    expect(await run.toTheEnd(() => undefined)).toEqual({ problem: 'The run was interrupted.' });
    expect(interrupts).toBe(2);
  } finally {
    close();
  }
});

async function answering(answer: RequestListener): Promise<{ url: string; close(): void }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
