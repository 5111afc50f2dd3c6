/** `nbserver doctor [URL]`: finds out what is wrong on this machine, and between the browser and the server. */
import { messageOf } from '../message-of.js';
import { faultsOf, OWN_PING, type Fault } from '../protocol/connection-test.js';
import { proxyKind, proxySnippet, type ProxyKind } from '../protocol/proxy-snippets.js';
import type { RuntimeInfo } from '../server/runtime-file.js';
import { askLocally, localUrl } from './ask-locally.js';
import { CommandError, type Command } from './command.js';
import { settingsOf, type FileChoice } from './configuration-file.js';
import {
  certificateCheck,
  diskCheck,
  kernelCheck,
  loopbackCheck,
  permissionChecks,
  type Check,
} from './doctor-machine.js';
import { lookThrough } from './doctor-network.js';
import { portCheck } from './doctor-port.js';
import { serversOfThisUser } from './list.js';

interface DoctorArgs extends FileChoice {
  url?: string;
  token?: string;
  port?: number;
  wait: number;
  json: boolean;
}

export const doctorCommand: Command<DoctorArgs> = {
  command: 'doctor [url]',
  describe: 'Find out what is wrong on this machine and between browser and server',
  builder: (yargs) =>
    yargs
      .positional('url', {
        type: 'string',
        describe: 'The address that people use, for example https://nb.example.org/; default: public_url',
      })
      .option('profile', { type: 'string', requiresArg: true, describe: 'The profile of the server' })
      .option('config', {
        type: 'string',
        requiresArg: true,
        describe: 'The configuration file of the server',
      })
      .option('token', { type: 'string', requiresArg: true, describe: 'The token of the server' })
      .option('port', { type: 'number', requiresArg: true, describe: 'Which of several running servers' })
      .option('wait', {
        type: 'number',
        default: OWN_PING + 5,
        requiresArg: true,
        describe: 'Seconds for which a silent websocket is watched; 0 leaves that out',
      })
      .option('json', { type: 'boolean', default: false, describe: 'As one JSON object' }),
  handler: async (args) => {
    const report = await examine(args);
    console.log(args.json ? JSON.stringify(report, null, 2) : asText(report));
    if (report.faults.length > 0 || report.checks.some(({ state }) => state === 'bad')) {
      throw new CommandError(args.json ? 'Something is wrong.' : 'Something is wrong; see above.');
    }
  },
};

interface Report {
  /** through which the server was looked at; null: none runs */
  url: string | null;
  checks: Check[];
  faults: Omit<Fault, 'proxy'>[];
  /** how the proxy in front is to be set up, by its name; only where that is what is wrong */
  snippets: Partial<Record<ProxyKind, string>>;
}

async function examine({ url, token, port, wait, ...file }: DoctorArgs): Promise<Report> {
  const loaded = settingsOf(file);
  const running = serversOfThisUser();
  const servers = running.filter((each) => port === undefined || each.port === port);
  if (servers.length > 1) {
    const ports = servers.map((each) => each.port).join(', ');
    throw new CommandError(`Several servers run. Say which one is meant: --port with one of ${ports}.`);
  }
  const [server] = servers;
  const checks: Check[] = [
    ...[await portCheck(loaded, running), await certificateCheck(loaded)].filter(
      (check) => check !== undefined,
    ),
    ...permissionChecks(loaded),
    await diskCheck(loaded),
    await loopbackCheck(loaded),
    await serverCheck(server, token),
  ];
  const publicUrl = url ?? (loaded.settings.public_url || (server && !server.sock ? localUrl(server) : ''));
  if (publicUrl === '') return { url: null, checks, faults: [], snippets: {} };
  const address = withSlash(publicUrl);
  const credential = token ?? server?.token ?? '';
  const { facts, software } = await lookThrough({
    url: address,
    credential: credential === '' ? {} : { Authorization: `token ${credential}` },
    idle: wait,
  });
  const faults = faultsOf(facts);
  const snippets: Report['snippets'] = {};
  if (faults.some(({ proxy }) => proxy)) {
    const kind = proxyKind(software);
    const site = { url: address, backend: `127.0.0.1:${server?.port ?? loaded.settings.port}` };
    const all: ProxyKind[] = kind === undefined ? ['nginx', 'Apache', 'Caddy'] : [kind];
    for (const each of all) snippets[each] = proxySnippet(each, site);
  }
  return {
    url: address,
    checks,
    faults: faults.map(({ name, problem, advice }) => ({ name, problem, advice })),
    snippets,
  };
}

function withSlash(url: string): string {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new CommandError(`"${url}" is not an address like https://nb.example.org/`);
  }
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/*$/, '/')}`;
}

/** Whether the server itself answers, and starts kernels. */
async function serverCheck(server: RuntimeInfo | undefined, given: string | undefined): Promise<Check> {
  if (server === undefined) {
    return {
      name: 'Server',
      state: 'skipped',
      detail: 'No server of this user runs here; start it, and ask again.',
    };
  }
  const token = given ?? server.token;
  if (token === '' && server.password) {
    return {
      name: 'Kernels',
      state: 'skipped',
      detail: 'The server has a password and no token: give it one with --token to have a kernel started.',
    };
  }
  try {
    return await kernelCheck(askLocally(server, { token, timeout: 30_000 }));
  } catch (error) {
    const why = messageOf(error);
    return {
      name: 'Server',
      state: 'bad',
      detail: `The server with process id ${server.pid} does not answer at ${server.sock || localUrl(server)} (${why})`,
      advice: 'It may hang: nbserver stop ends it, also when it does not answer.',
    };
  }
}

const SIGNS: Record<Check['state'], string> = { good: '✓', warning: '!', bad: '✗', skipped: '-' };

function asText({ url, checks, faults, snippets }: Report): string {
  const lines = checks.flatMap(({ name, state, detail, advice }) => [
    `${SIGNS[state]} ${name}: ${detail}`,
    ...(advice === undefined ? [] : [`    ${advice}`]),
  ]);
  if (url !== null && faults.length === 0) {
    lines.push(`✓ ${url}: pages, websockets, uploads and long answers get through`);
  }
  for (const { name, problem, advice } of faults) lines.push(`✗ ${problem} [${name}]`, `    ${advice}`);
  for (const [kind, snippet] of Object.entries(snippets)) lines.push('', `For ${kind}:`, '', snippet);
  return lines.join('\n');
}
