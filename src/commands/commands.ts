/** The commands of `nbserver` besides serving, each loaded only when it is asked for. */
import type { CommandModule } from 'yargs';

export interface CommandEntry {
  /** as `nbserver --help` shows it */
  usage: string;
  describe: string;
  load: () => Promise<CommandModule>;
}

/** yargs calls a handler with what the builder declared, which the type of one command in a list cannot say. */
const loader =
  <M>(load: () => Promise<M>, pick: (module: M) => unknown): (() => Promise<CommandModule>) =>
  async () =>
    pick(await load()) as CommandModule;

export const commands: Readonly<Record<string, CommandEntry>> = {
  passwd: {
    usage: 'passwd [TEXT]',
    describe: 'Make the hash of a password; with --write, put it into the configuration file',
    load: loader(
      () => import('./passwd.js'),
      (module) => module.passwdCommand,
    ),
  },
  token: {
    usage: 'token create NAME | list | revoke NAME',
    describe: 'Make, list and revoke API tokens for programs',
    load: loader(
      () => import('./token.js'),
      (module) => module.tokenCommand,
    ),
  },
  certificate: {
    usage: 'certificate',
    describe: 'Make a self-signed certificate for https',
    load: loader(
      () => import('./certificate.js'),
      (module) => module.certificateCommand,
    ),
  },
  profile: {
    usage: 'profile create NAME | list',
    describe: 'Make a configuration file with every option in it; list the profiles',
    load: loader(
      () => import('./profile.js'),
      (module) => module.profileCommand,
    ),
  },
  config: {
    usage: 'config show | import FILE',
    describe: 'Show the settings in force and where they come from; take over a Python configuration file',
    load: loader(
      () => import('./config.js'),
      (module) => module.configCommand,
    ),
  },
  run: {
    usage: 'run NOTEBOOK',
    describe: 'Run all cells of a notebook without a page; keep the result with --inplace or --output',
    load: loader(
      () => import('./run.js'),
      (module) => module.runCommand,
    ),
  },
  trust: {
    usage: 'trust FILE…',
    describe: 'Trust the outputs of notebooks, so that their scripts may run',
    load: loader(
      () => import('./trust.js'),
      (module) => module.trustCommand,
    ),
  },
  doctor: {
    usage: 'doctor [URL]',
    describe: 'Find out what is wrong on this machine and between browser and server',
    load: loader(
      () => import('./doctor.js'),
      (module) => module.doctorCommand,
    ),
  },
  list: {
    usage: 'list [--json]',
    describe: 'List the notebook servers that run here',
    load: loader(
      () => import('./list.js'),
      (module) => module.listCommand,
    ),
  },
  stop: {
    usage: 'stop [PORT]',
    describe: 'Stop a running server',
    load: loader(
      () => import('./stop.js'),
      (module) => module.stopCommand,
    ),
  },
};
