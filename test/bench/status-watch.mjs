// How long `api/status` takes while something else goes on, asked from a process of its own: the one that drives a server is
// busy with what it gets, and would count its own delays as the server's.
import { fork } from 'node:child_process';
import { Agent, get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** ms between an answer and the next question */
const pause = 20;
const self = fileURLToPath(import.meta.url);

/** Begins to ask. `stop()` ends it and resolves with the longest time of an answer in ms. */
export async function watchStatus(server) {
  const child = fork(self, [server.url, server.headers.Authorization]);
  const told = () => new Promise((resolve) => child.once('message', resolve));
  await told(); // the first answer is there
  return {
    async stop() {
      const longest = told();
      child.send('stop');
      return await longest;
    },
  };
}

async function ask(url, authorization) {
  const agent = new Agent({ keepAlive: true });
  const once = () =>
    new Promise((resolve, reject) => {
      const started = performance.now();
      get(`${url}api/status`, { agent, headers: { authorization } }, (response) => {
        response.resume().on('end', () => resolve(performance.now() - started));
      }).on('error', reject);
    });
  let goesOn = true;
  process.once('message', () => (goesOn = false));
  await once(); // connects, and warms up
  process.send(0);
  let longest = 0;
  while (goesOn) {
    longest = Math.max(longest, await once());
    await wait(pause);
  }
  process.send(longest, () => process.exit());
}

if (process.argv[1] === self) await ask(...process.argv.slice(2));
