/** `nbserver stop [PORT|SOCKET]`: ends a running server, cleanly when it answers and by signals when it does not. */
import { CommandError, type Command } from './command.js';
import { runtimeDirectory, serversOfThisUser } from './list.js';
import { stopServer } from './stop-server.js';

export const stopCommand: Command<{ target: string }> = {
  command: 'stop [target]',
  describe: 'Stop a running server',
  builder: (yargs) =>
    yargs.positional('target', {
      type: 'string',
      default: '8888',
      describe: 'Its port, or the path of its unix socket',
    }),
  handler: async ({ target }) => {
    const servers = serversOfThisUser();
    if (servers.length === 0) {
      throw new CommandError(`There are no running servers (per ${runtimeDirectory()})`);
    }
    const server = servers.find((each) =>
      /^\d+$/.test(target) ? each.port === Number(target) : each.sock === target,
    );
    if (!server) {
      const ports = servers.map((each) => each.sock || each.port).join(', ');
      throw new CommandError(`There is currently no server running on ${target}. Running: ${ports}`);
    }
    console.log(`Shutting down server on ${target}…`);
    await stopServer(server).catch((error: Error) => {
      throw new CommandError(error.message);
    });
  },
};
