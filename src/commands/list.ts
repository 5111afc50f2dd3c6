/** `nbserver list`: the notebook servers that run here, ours and Jupyter's, in the words of `jupyter server list`. */
import { homedir } from 'node:os';
import { jupyterDirectories } from '../config/paths.js';
import { runningServers, type RuntimeInfo } from '../server/runtime-file.js';
import type { Command } from './command.js';

export const listCommand: Command<{ json: boolean; jsonlist: boolean }> = {
  command: 'list',
  describe: 'List the notebook servers that run here',
  builder: (yargs) =>
    yargs
      .option('json', { type: 'boolean', default: false, describe: 'One JSON object a line' })
      .option('jsonlist', { type: 'boolean', default: false, describe: 'One JSON list' }),
  handler: ({ json, jsonlist }) => {
    const servers = serversOfThisUser();
    if (jsonlist) console.log(JSON.stringify(servers, null, 2));
    else if (json) for (const server of servers) console.log(JSON.stringify(server));
    else {
      console.log('Currently running servers:');
      for (const server of servers) console.log(`${linkOf(server)} :: ${server.root_dir}`);
    }
  },
};

export function serversOfThisUser(): RuntimeInfo[] {
  return runningServers(runtimeDirectory());
}

export function runtimeDirectory(): string {
  return jupyterDirectories({ env: process.env, home: homedir(), platform: process.platform }).runtime;
}

function linkOf(server: RuntimeInfo): string {
  return server.token ? `${server.url}?token=${server.token}` : server.url;
}
