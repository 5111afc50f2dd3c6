/** A program for tests: serves kernels until a line comes on stdin, closes, and has to end by itself then. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChannelClient } from './channel-client.js';
import { startKernelServer } from './kernel-server.js';

const server = await startKernelServer({ dataPath: ['/usr/share/jupyter'] });
for (const name of process.argv.slice(2)) {
  const kernel = await server.kernels.start({ name });
  const client = await ChannelClient.open(server.wsUrl, kernel.id);
  await client.done(client.executeCode('[]'));
}
const runtime = join(server.home, 'runtime');
const records = readFileSync(join(runtime, `nbserver-kernels-${process.pid}.json`), 'utf8');
const { kernels } = JSON.parse(records) as { kernels: { pid: number }[] };
console.log(JSON.stringify({ home: server.home, runtime, pids: kernels.map(({ pid }) => pid) }));
process.stdin.once('data', () => {
  process.stdin.destroy();
  void server.close();
});
