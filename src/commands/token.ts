/** `nbserver token create NAME | list | revoke NAME`: API tokens, as the dashboard's tab Server has them. */
import type { CommandModule } from 'yargs';
import { ApiTokens, type ApiToken } from '../auth/index.js';
import { HttpError } from '../http-error.js';
import { CommandError, type Command } from './command.js';
import { directories } from './configuration-file.js';

const create: CommandModule<object, { name: string }> = {
  command: 'create <name>',
  describe: 'Make a token for a program; it is printed once',
  builder: (yargs) =>
    yargs.positional('name', { type: 'string', demandOption: true, describe: 'What it is for' }),
  handler: ({ name }) => {
    const { token } = asSentence(() => apiTokens().create(name));
    console.error('Keep it now, it cannot be shown again. Programs send it as "Authorization: token …":');
    console.log(token);
  },
};

const list: CommandModule<object, { json: boolean }> = {
  command: 'list',
  describe: 'List the tokens, with their last use',
  builder: (yargs) =>
    yargs.option('json', { type: 'boolean', default: false, describe: 'One JSON object a line' }),
  handler: ({ json }) => {
    const tokens = apiTokens().list();
    if (json) for (const token of tokens) console.log(JSON.stringify(token));
    else if (tokens.length === 0)
      console.error('There are no tokens. "nbserver token create NAME" makes one.');
    else for (const token of tokens) console.log(describe(token));
  },
};

const revoke: CommandModule<object, { name: string }> = {
  command: 'revoke <name>',
  describe: 'Revoke a token: programs that use it are out at once',
  builder: (yargs) =>
    yargs.positional('name', { type: 'string', demandOption: true, describe: 'As "token list" shows it' }),
  handler: ({ name }) => {
    const tokens = apiTokens();
    const found = tokens.list().filter((each) => each.name === name || each.id === name);
    if (found.length === 0) {
      throw new CommandError(`There is no token named "${name}". "nbserver token list" shows them.`);
    }
    // Two processes may have made one name at the same time. Who revokes a name wants nobody in by it.
    asSentence(() => found.forEach(({ id }) => tokens.revoke(id)));
    for (const each of found) console.error(`The token "${each.name}" is revoked.`);
  },
};

export const tokenCommand: Command = {
  command: 'token',
  describe: 'Make, list and revoke API tokens for programs',
  builder: (yargs) =>
    yargs
      .command(create)
      .command(list)
      .command(revoke)
      .demandCommand(1, 'Say "create NAME", "list" or "revoke NAME"'),
  handler: () => undefined, // one of the three above ran
};

/** What the API would answer is what the terminal says. */
function asSentence<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof HttpError) throw new CommandError(error.message);
    throw error;
  }
}

function apiTokens(): ApiTokens {
  return new ApiTokens({ stateDirectory: directories().state });
}

function describe({ name, created, used }: ApiToken): string {
  const last = used === undefined ? 'never used' : `last used ${day(used.time)} from ${used.address}`;
  return `${name}\tmade ${day(created)}, ${last}`;
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ');
}
