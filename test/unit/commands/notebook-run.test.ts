import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import type { LocalServer } from '../../../src/commands/ask-locally.js';
import { NotebookRun } from '../../../src/commands/notebook-run.js';

const request = {
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
  const { server, close } = await answering((_req, res) => void res.end(JSON.stringify(model)));
  try {
    const run = new NotebookRun({ ...request, server, allowErrors });
    expect(await run.toTheEnd(() => undefined)).toEqual({ problem });
  } finally {
    close();
  }
});

it('is interrupted also when the server is told so before it has begun to run', async () => {
  let isRunning = false;
  let interrupts = 0;
  const { server, close } = await answering((req, res) => {
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
  const run = new NotebookRun({ ...request, server });
  try {
    expect(await run.toTheEnd(() => undefined)).toEqual({ problem: 'The run was interrupted.' });
    expect(interrupts).toBe(2);
  } finally {
    close();
  }
});

async function answering(answer: RequestListener): Promise<{ server: LocalServer; close(): void }> {
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    server: { base_url: '/', hostname: '127.0.0.1', port, secure: false, sock: '', token: 't' },
    close() {
      http.closeAllConnections();
      http.close();
    },
  };
}
