import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { NotebookRun } from '../../../src/commands/notebook-run.js';

it('is interrupted also when the server is told so before it has begun to run', async () => {
  let isRunning = false;
  let interrupts = 0;
  const server = createServer((req, res) => {
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const run = new NotebookRun({
    url: `http://127.0.0.1:${port}/`,
    token: 't',
    path: 'a.ipynb',
    kernel: undefined,
    timeout: undefined,
    allowErrors: false,
    isOwnServer: false,
  });
  try {
    expect(await run.toTheEnd(() => undefined)).toEqual({ problem: 'The run was interrupted.' });
    expect(interrupts).toBe(2);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
