/** `nbserver [path]`: checks that the start is safe, starts the server, says where it is, and ends it on a signal. */
import { unwatchFile, watchFile } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, relative, sep } from 'node:path';
import { isGiven, type LoadedSettings, type Settings } from '../config/index.js';
import { messageOf } from '../message-of.js';
import { version } from '../package-files.js';
import { createServer, type Server } from '../server/create-server.js';
import { createLog, type ServerLog } from '../server/logging.js';
import { runningServers, writeRuntimeFile, type RuntimeInfo } from '../server/runtime-file.js';
import { CommandError } from './command.js';
import { isContainer } from './container.js';
import { leaveDeadTerminals } from './dead-terminal.js';
import { isLoopback, refusal, warnings, type Exposure } from './exposure.js';
import { canOpenBrowser, openBrowser } from './open-browser.js';
import { passwordFromFile } from './password-file.js';
import { passwordKeeper } from './password-keeper.js';
import { startMessage } from './start-message.js';
import { onSignals } from './stop-signals.js';

/**
 * @param loaded  the settings in force
 * @param reload  reads the configuration again, for a password that was changed while the server runs
 */
export async function serve(loaded: LoadedSettings, reload: () => LoadedSettings): Promise<void> {
  const settings: Settings = { ...loaded.settings };
  if (settings.public) {
    const { goPublic } = await import('./go-public.js');
    await goPublic(settings, loaded, () => refuse({ ...exposureOf(settings), hasPassword: true }));
  }
  settings.password = await configuredPassword(settings, loaded);
  if (settings.password_required && settings.password === '') {
    throw new CommandError(
      'A password is required (password_required), and there is none: nbserver passwd --write',
    );
  }
  const exposure = exposureOf(settings);
  refuse(exposure);

  const log = await createLog(settings.log_level);
  for (const line of [...loaded.warnings, ...warnings(exposure)]) log.warn(line);
  const server = await createServer({
    ...settings,
    port_given: isGiven(loaded, 'port'),
    store_sections: loaded.storeSections,
    settings_origins: loaded.origins,
    password_keeper: passwordKeeper(loaded),
    config_directory: dirname(loaded.configFile),
    directories: loaded.directories,
    log,
  }).catch((error: Error) => {
    throw new CommandError(error.message);
  });
  try {
    await run(server, settings, loaded, reload, log);
  } catch (error) {
    await server.close(); // what listens on would keep the process, and nobody could end it
    throw error;
  }
}

/** From the first line printed to the last process ended. */
async function run(
  server: Server,
  settings: Settings,
  loaded: LoadedSettings,
  reload: () => LoadedSettings,
  log: ServerLog,
): Promise<void> {
  // All of these are comforts: on a full or read-only disk the server runs and ends without them.
  const attempt = <T>(what: string, step: () => T): T | undefined => {
    try {
      return step();
    } catch (error) {
      log.warn(`${what}: ${messageOf(error)}`);
      return undefined;
    }
  };
  const runtimeFile = attempt('"nbserver list" and "nbserver stop" do not know this server', () => {
    runningServers(loaded.directories.runtime); // removes the files of servers that were killed
    return writeRuntimeFile(loaded.directories.runtime, runtimeInfo(server, settings));
  });
  const describe = () => {
    log.info(`${server.store}; ${server.kernels.running()} kernel(s) run; ${server.origins.join(' ')}`);
  };
  const reloadAll = () => {
    void server.reloadCertificate();
    void takeOverPassword(server, reload, log);
  };
  // Passwords are changed by `nbserver passwd --write` while we run: those who knew the old one are out at once.
  watchFile(loaded.configFile, { interval: 1_000, persistent: false }, (now, before) => {
    // Node also calls once for a file that is not there.
    if (now.mtimeMs !== before.mtimeMs && now.mtimeMs !== 0) void takeOverPassword(server, reload, log);
  });

  // Signals first: a program that reads the start message may send one at once.
  const stopped = new Promise<'SIGHUP' | undefined>((resolve) => {
    const signals = onSignals({
      stop: resolve,
      endNow: () => {
        leaveDeadTerminals();
        process.exit(1);
      },
      describe,
      reload: reloadAll,
      ask: process.stdin.isTTY && !settings.answer_yes,
      attached: process.stdin.isTTY,
      say: (line) => log.info(line),
    });
    void server.stopRequested.then(() => {
      signals.stopping();
      resolve(undefined);
    });
  });
  console.log(startMessage(facts(server, settings)));
  const removeOpenPage = attempt('No browser was opened', () => showInBrowser(server, settings, loaded));

  const signal = await stopped;
  unwatchFile(loaded.configFile);
  const running = server.kernels.running();
  if (running > 0) log.info(`Shutting down ${running} kernel${running === 1 ? '' : 's'}`);
  const code = await server.close().then(
    () => 0,
    (error: unknown) => {
      log.error(`The server did not end as it should: ${messageOf(error)}`);
      return 1;
    },
  );
  attempt('The file that tells of this server stays', () => runtimeFile?.remove());
  attempt('The page that led to this server stays', () => removeOpenPage?.());
  // This is how a program ends with its terminal, and what its parent waits for.
  if (signal === 'SIGHUP') process.removeAllListeners(signal).kill(process.pid, signal);
  leaveDeadTerminals();
  process.exit(code); // a handle that somebody else's store left open must not keep us
}

function runtimeInfo(server: Server, settings: Settings): RuntimeInfo {
  return {
    base_url: settings.base_url,
    hostname: hostOf(settings),
    password: settings.password !== '',
    pid: process.pid,
    port: server.port,
    root_dir: settings.notebook_dir,
    secure: server.certificate !== undefined,
    shutdown_wait_time: settings.shutdown_wait_time,
    sock: settings.sock,
    token: server.token,
    url: `${server.origins[0] ?? `http+unix://${encodeURIComponent(settings.sock)}`}${settings.base_url}`,
    version,
  };
}

/** The hash in force: the configured one, else that of the password file. */
async function configuredPassword(settings: Settings, loaded: LoadedSettings): Promise<string> {
  if (settings.password !== '' || settings.password_file === '') return settings.password;
  return passwordFromFile(settings.password_file, loaded.directories.state);
}

/** A new password takes over at once; none at all never does, because that would open the server to everybody. */
async function takeOverPassword(server: Server, reload: () => LoadedSettings, log: ServerLog): Promise<void> {
  try {
    const loaded = reload();
    const password = await configuredPassword(loaded.settings, loaded);
    if (password === server.passwordHash()) return;
    if (password === '') {
      log.warn('The configuration names no password any more: the old one stays in force until a restart.');
      return;
    }
    await server.setPassword(password);
    log.info('The password was changed: all sessions have ended.');
  } catch (error) {
    log.warn(
      `The configuration was changed and cannot be used, so the old password stays: ${(error as Error).message}`,
    );
  }
}

/** @throws {CommandError} when it would not be safe to listen */
function refuse(exposure: Exposure): void {
  const refused = refusal(exposure);
  if (refused !== undefined) throw new CommandError(refused);
}

function exposureOf(settings: Settings): Exposure {
  return {
    ip: settings.ip,
    sock: settings.sock,
    hasPassword: settings.password !== '',
    hasToken: Boolean(settings.token),
    hasTls: settings.certfile !== '',
    isRoot: process.getuid?.() === 0,
    allowRoot: settings.allow_root,
    allowInsecure: settings.allow_insecure_public_access_without_password_or_tls,
  };
}

function facts(server: Server, settings: Settings) {
  const everywhere = !settings.sock && !isLoopback(settings.ip);
  const scheme = server.certificate ? 'https' : 'http';
  const named = everywhere ? settings.hostnames.map((name) => `${scheme}://${name}:${server.port}`) : [];
  const proxied = settings.public_url === '' ? [] : [new URL(settings.public_url).origin];
  const origins = [...new Set([...proxied, ...named, ...server.origins])];
  return {
    version,
    store: server.store,
    links: origins.map((origin) => fileLink(server.link(origin), settings)),
    ...(server.certificate ? { certificate: server.certificate } : {}),
    ...(everywhere ? { firewallPort: server.port } : {}),
    unreachableContainer: !everywhere && !settings.sock && settings.public_url === '' && isContainer(),
    token: server.token,
    tokenMade: server.tokenMade,
    sock: settings.sock,
  };
}

function showInBrowser(server: Server, settings: Settings, loaded: LoadedSettings): () => void {
  const choice = { command: settings.browser, platform: process.platform, env: process.env };
  const origin = server.origins[0];
  if (!settings.open_browser || settings.sock || origin === undefined || !canOpenBrowser(choice))
    return () => {};
  return openBrowser(fileLink(server.link(origin), settings), loaded.directories.runtime, choice);
}

/** With a file to open, the link leads to its page. */
function fileLink(link: string, settings: Settings): string {
  if (settings.file_to_run === '') return link;
  const path = relative(settings.notebook_dir, settings.file_to_run)
    .split(sep)
    .map(encodeURIComponent)
    .join('/');
  const url = new URL(link);
  url.pathname = `${settings.base_url}${path.endsWith('.ipynb') ? 'notebooks' : 'edit'}/${path}`;
  return url.href;
}

function hostOf(settings: Settings): string {
  return ['', '*'].includes(settings.ip) ? hostname() : settings.ip;
}
