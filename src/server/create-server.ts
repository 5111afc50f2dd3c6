/**
 * Builds every service once, in order, and closes them in reverse: the composition root.
 *
 * What it is given is settings, not places to look: configuration files, environment and prompts belong to `commands`.
 */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createAuth, generateToken } from '../auth/index.js';
import {
  defaultSettings,
  expandHome,
  optionNames,
  shownValue,
  jupyterDirectories,
  keepDirectoryPrivate,
  parsePortRange,
  secretEnvironment,
} from '../config/index.js';
import type { Directories, Settings } from '../config/index.js';
import {
  cleanPath,
  Contents,
  contentsRouter,
  loadNotebookManager,
  loadSaveHooks,
  NotebookTrust,
  readJsonBody,
  type StoreSections,
} from '../contents/index.js';
import { DocumentManager, documentsRouter, ForeignRuns, handleDocumentSocket } from '../documents/index.js';
import { EventBus, eventsRouter, handleEventSocket, metricsRouter } from '../events/index.js';
import { exportRouter, JupyterNbconvert, type NotebookSource } from '../export/index.js';
import { HttpError } from '../http-error.js';
import type { ServerModel } from '../protocol/rest-models.js';
import { javascriptKernelspec } from '../javascript-kernel/kernelspec.js';
import {
  KernelBridge,
  KernelCuller,
  KernelManager,
  KernelspecManager,
  cleanStaleConnectionFiles,
  kernelsRouter,
} from '../kernels/index.js';
import { packageFile, version } from '../package-files.js';
import { loadTemplates, pagesRouter, renderError, renderLogin, renderLogout } from '../pages/index.js';
import { SessionManager, sessionsRouter } from '../sessions/index.js';
import { TerminalManager, handleTerminalSocket, hasPty, terminalsRouter } from '../terminals/index.js';
import { autoDirectory, loadTls, type CertificateInfo, type TlsSource } from '../tls/index.js';
import { createApp } from './app.js';
import { closeAll, type Part } from './close-all.js';
import { stopWhenIdle } from './idle-stop.js';
import { connectionTest } from './connection-router.js';
import { configRouter } from './config-router.js';
import { ConfigSections } from './config-sections.js';
import { listRoutes, type RegisteredRoute } from './list-routes.js';
import { listen } from './listen.js';
import { createLog, type ServerLog } from './logging.js';
import { credentialsRouter, type PasswordKeeper } from './credentials-router.js';
import { serverRouter } from './server-router.js';
import { staticFiles } from './static.js';
import { statusRouter } from './status-router.js';
import { upgradeHandler, type UpgradeRoute, type Upgrades } from './upgrade.js';

export interface ServerOptions extends Partial<Settings> {
  /** False: `port` is only a wish, and the next free one is taken instead. Default: true when `port` is given. */
  port_given?: boolean;
  /** options of the store that `notebook_manager_class` names */
  store_options?: Record<string, unknown>;
  /** sections of a configuration file that are for stores: the one of the store's class name is added to its options */
  store_sections?: StoreSections;
  /** the folder that a relative module path in `notebook_manager_class` starts from; default: the current one */
  config_directory?: string;
  /** where each setting came from, in words, for the person who looks; default: nothing is said */
  settings_origins?: Readonly<Record<string, string>>;
  /** where a password goes that is changed on a page; default: nowhere, it cannot be changed there */
  password_keeper?: PasswordKeeper;
  /** Jupyter's directories; default: as the environment says */
  directories?: Directories;
  /** where the signatures of trusted outputs are kept; default: in the state directory */
  trust_directory?: string;
  /** what kernels inherit, without the server's own secrets; default: this process's */
  environment?: Readonly<Record<string, string | undefined>>;
  log?: ServerLog;
}

/** A server that runs. */
export interface Server {
  /** the address to open; it holds the token when one was made for this start */
  readonly url: string;
  /** every address, without base_url and without token */
  readonly origins: readonly string[];
  /** 0 on a unix socket */
  readonly port: number;
  readonly settings: Readonly<Settings>;
  /** the token in force, `''` when there is none */
  readonly token: string;
  /** whether the token was made for this start */
  readonly tokenMade: boolean;
  readonly certificate: CertificateInfo | undefined;
  /** "Serving notebooks from local directory: …" */
  readonly store: string;
  readonly kernels: { running(): number };
  /** The link that logs a browser in at one of the origins. */
  link(origin: string): string;
  /** the hash in force, `''` when there is none */
  passwordHash(): string;
  /** Puts a new password hash in force; the sessions of the old one end. */
  setPassword(passwordHash: string): Promise<void>;
  /** Reads the certificate again, as it happens by itself within seconds after its file changed. */
  reloadCertificate(): Promise<void>;
  /** every registered route, and the pattern of every websocket, relative to base_url */
  readonly routes: readonly RegisteredRoute[];
  readonly websockets: readonly string[];
  /** Resolves when somebody asked the server to stop (`POST api/shutdown`); who made it closes it. */
  readonly stopRequested: Promise<void>;
  /**
   * Ends kernels, saves documents, closes sockets, removes files. Nothing of it is left afterwards.
   *
   * @throws the first error of a part that did not close, once all others have
   */
  close(): Promise<void>;
}

/**
 * Starts a server in this process.
 *
 * @throws {HttpError | Error} with a sentence: no free port, a certificate that does not load, a store that does not exist
 */
export async function createServer(options: ServerOptions = {}): Promise<Server> {
  const settings: Settings = { ...defaultSettings(), ...definedOnly(options) };
  if (settings.notebook_dir === '') settings.notebook_dir = process.cwd();
  const directories =
    options.directories ??
    jupyterDirectories({ env: process.env, home: homedir(), platform: process.platform });
  const log = options.log ?? (await createLog(settings.log_level));
  keepDirectoryPrivate(directories.state, log);
  const isUsual = directories.runtime === join(directories.data, 'runtime');
  if (!keepDirectoryPrivate(directories.runtime, log, isUsual) && settings.transport === 'ipc') {
    throw new Error(
      `With transport ipc, kernels are reached by sockets in ${directories.runtime}, which others can look into. Set JUPYTER_RUNTIME_DIR to a directory of your own, or transport to tcp.`,
    );
  }

  /** What was built, to be closed in reverse order; also when a later part does not start. */
  const built: Part[] = [];
  const keep = <T extends Part>(part: T): T => {
    built.push(part);
    return part;
  };

  try {
    return await build();
  } catch (error) {
    await closeAll(built, log).catch(() => undefined); // logged, and not why it does not start
    throw error;
  }

  async function build(): Promise<Server> {
    const store = keep(
      await loadNotebookManager(settings.notebook_manager_class, {
        baseDirectory: options.config_directory ?? process.cwd(),
        options: {
          notebook_dir: settings.notebook_dir,
          allow_hidden: settings.allow_hidden,
          use_atomic_writing: settings.use_atomic_writing,
          file_write: settings.file_write,
          checkpoints_per_file: settings.checkpoints_per_file,
          trash_dir: trashDirectory(options.environment ?? process.env),
          ...options.store_options,
        },
        sections: options.store_sections,
        onUnusedSection: (section) =>
          log.warn(`The section ${section} has no effect: notebooks are kept by another store.`),
      }),
    );
    const contents = keep(
      new Contents(store, {
        allowHidden: settings.allow_hidden,
        ...(directories.configPath.length === 0 ? {} : { configDirectory: directories.config }),
        maxBodySize: settings.max_body_size,
        deleteToTrash: settings.delete_to_trash,
        uploadDirectory: join(directories.state, 'uploads'),
        hooks: await loadSaveHooks(settings, options.config_directory ?? process.cwd()),
        trust: keep(
          new NotebookTrust({
            stateDirectory: options.trust_directory ?? directories.state,
            jupyterDirectory: directories.data,
            log,
          }),
        ),
        log,
      }),
    );

    const events = keep(new EventBus(log));
    contents.onEvent = (event) => events.contents(event);

    const environment = options.environment ?? process.env;
    const home = environment.HOME ?? homedir();
    const specs = new KernelspecManager({
      dataPath: directories.dataPath,
      home,
      path: environment.PATH ?? '',
      allowed: settings.allowed_kernelspecs,
      ...(settings.default_kernel_name ? { defaultName: settings.default_kernel_name } : {}),
      python: {
        path: environment.PATH ?? '',
        ...(environment.VIRTUAL_ENV ? { virtualEnv: environment.VIRTUAL_ENV } : {}),
        env: environment,
      },
      environments: { home, notebookDirectory: settings.notebook_dir, env: environment },
      builtIn: [javascriptKernelspec()],
      log,
    });
    await cleanStaleConnectionFiles(directories.runtime);
    const kernels = keep(
      new KernelManager(specs, {
        runtimeDirectory: directories.runtime,
        env: environment,
        hiddenEnvironment: secretEnvironment,
        home,
        defaultDirectory: settings.notebook_dir,
        portRange: parsePortRange(settings.kernel_port_range),
        transport: settings.transport,
        limits: {
          startTimeout: settings.kernel_info_timeout * 1000,
          shutdownWait: settings.shutdown_wait_time * 1000,
          ...(settings.autorestart ? {} : { restarts: 0 }),
        },
        onEvent: (event) => events.kernel(event),
        log,
      }),
    );
    const bridge = keep(
      new KernelBridge({
        kernels,
        limits: {
          messages: settings.iopub_msg_rate_limit,
          bytes: settings.iopub_data_rate_limit,
          window: settings.rate_limit_window * 1000,
        },
        log,
      }),
    );
    const kernelDirectory = (path: string) => contents.kernelDirectory(path);
    const sessions = keep(new SessionManager(kernels, { kernelDirectory, log }));
    kernels.onChange(() => events.listChanged({ list: 'kernels' }));
    kernels.onState(() => events.listChanged({ list: 'kernels' }));
    sessions.onChange(() => events.listChanged({ list: 'sessions' }));
    // A path means another notebook in another store.
    const storeName = createHash('sha256').update(store.infoString()).digest('hex').slice(0, 16);
    const historyDirectory = join(directories.state, 'history', storeName);
    const documents = keep(
      new DocumentManager({
        contents,
        sessions,
        specs,
        log,
        historyDirectory,
        autosave: settings.autosave,
        recordTiming: settings.record_timing,
        signOutputs: async (file, foreign) => contents.outputTrust?.sign(file, foreign),
        foreignCells: (file) => contents.outputTrust?.foreignCells(file) ?? Promise.resolve(undefined),
      }),
    );
    contents.openDocuments = documents;
    keep(new ForeignRuns({ sessions, documents, log }));
    keep(
      new KernelCuller(
        kernels,
        {
          idleTimeout: settings.cull_idle_timeout,
          interval: settings.cull_interval,
          connected: settings.cull_connected,
          busy: settings.cull_busy,
          isOpen: (kernel) =>
            sessions.list().some((one) => one.kernel === kernel && documents.find(one.path) !== undefined),
        },
        log,
      ),
    );
    let ownUrl = '';
    const terminals = settings.terminals_enabled
      ? keep(
          new TerminalManager({
            command: settings.terminado_settings.shell_command ?? [],
            environment,
            hiddenEnvironment: secretEnvironment,
            root: settings.notebook_dir,
            serverUrl: () => ownUrl,
            cullAfter: settings.cull_inactive_timeout,
            cullInterval: settings.terminal_cull_interval,
            onChange: () => events.listChanged({ list: 'terminals' }),
            log,
          }),
        )
      : undefined;

    const tls = settings.certfile === '' ? undefined : keep(await loadCertificate());
    const staticPrefix = settings.webapp_settings.static_url_prefix ?? `${settings.base_url}static/`;
    let port = 0;
    const made = settings.password === '' && settings.token === undefined;
    const token = made ? generateToken() : (settings.token ?? '');
    const credentials = { passwordHash: settings.password, token, tokenGenerated: made };
    const setPassword = async (passwordHash: string) => {
      await auth.setCredentials({ ...credentials, passwordHash });
      credentials.passwordHash = passwordHash;
    };
    const auth = keep(
      await createAuth({
        baseUrl: settings.base_url,
        credentials,
        port: () => port,
        ip: settings.ip,
        ...(settings.sock ? { sock: settings.sock } : {}),
        tls: tls !== undefined,
        ...(settings.public_url ? { publicUrl: settings.public_url } : {}),
        assetFolders: [staticPrefix],
        publicPaths: settings.authenticate_prometheus ? [] : ['metrics'],
        localHostnames: settings.local_hostnames,
        allowOrigin: settings.allow_origin,
        allowOriginPat: settings.allow_origin_pat,
        allowCredentials: settings.allow_credentials,
        trustedProxies: settings.trusted_proxies,
        stateDirectory: directories.state,
        renderLogin: (page) => renderLogin({ ...page, static_url: staticPrefix }),
        renderLogout: (page) => renderLogout({ ...page, static_url: staticPrefix }),
        log,
      }),
    );

    const started = new Date();
    let lastActivity = started;
    let requestStop = () => {};
    const stopRequested = new Promise<void>((resolve) => (requestStop = resolve));
    const metrics = keep(
      metricsRouter({
        version,
        started,
        lastActivity: () => lastActivity,
        kernels: () => kernels.countByName(),
        websockets: () => upgrades.count(),
        kernelTraffic: () => kernels.traffic,
        ...(terminals ? { terminals: () => terminals.list().length } : {}),
      }),
    );
    const connection = connectionTest(settings.base_url, auth.inspect);
    const passwords = {
      auth,
      passwordHash: () => credentials.passwordHash,
      setPassword,
      keeper: options.password_keeper,
      log,
    };
    const routers = [
      connection.router,
      serverRouter({
        started,
        store: store.infoString(),
        certificate: () => tls?.info,
        settings: shownSettings(settings, options.settings_origins),
        auth,
        credentials: passwords,
      }),
      credentialsRouter(passwords),
      statusRouter({
        started,
        lastActivity: () => lastActivity,
        connections: () => kernels.list().reduce((sum, kernel) => sum + kernel.connections, 0),
        kernels: () => kernels.running().length,
        shutDown: requestStop,
      }),
      contentsRouter(contents),
      exportRouter({
        source: notebookSource(contents),
        nbconvert: keep(new JupyterNbconvert({ environment: withoutSecrets(environment) })),
        baseUrl: settings.base_url,
      }),
      configRouter(new ConfigSections({ own: ownConfig(directories), path: directories.configPath, log })),
      kernelsRouter({ kernels, baseUrl: settings.base_url, kernelDirectory }),
      sessionsRouter({ sessions }),
      documentsRouter({ documents }),
      eventsRouter({ bus: events }),
      metrics,
      terminalsRouter(terminals),
      pagesRouter({
        baseUrl: settings.base_url,
        place: `${settings.base_url} ${storeName}`,
        staticUrl: staticPrefix,
        defaultUrl: settings.default_url,
        quitButton: settings.quit_button,
        allowHidden: settings.allow_hidden,
        ...(directories.configPath.length === 0 ? {} : { configDirectory: directories.config }),
        terminals: terminals === undefined ? 'disabled' : hasPty() ? 'available' : 'missing',
        contents,
        isOpen: (path) => documents.find(path) !== undefined,
        openNotebook: (path, onFirstCells) => documents.open(path, { onFirstCells }),
      }),
    ];
    const app = createApp({
      baseUrl: settings.base_url,
      staticPrefix,
      auth,
      observers: [log.requests, ...(settings.record_http_request_metrics ? [metrics.times] : [])],
      staticFiles: staticFiles(packageFile('dist', 'static')),
      loadTemplates: () =>
        loadTemplates(
          settings.extra_template_paths.map((path) =>
            resolve(options.config_directory ?? process.cwd(), expandHome(path, home)),
          ),
        ),
      onActivity: () => (lastActivity = new Date()),
      renderError: (error) =>
        renderError({ ...error, base_url: settings.base_url, static_url: staticPrefix }),
      log,
      routers,
    });
    const websockets = [
      ...websocketRoutes({ kernels, bridge, documents, contents, terminals, events, log }),
      connection.upgrade,
    ];
    const upgrades: Upgrades = keep(
      upgradeHandler({
        baseUrl: settings.base_url,
        auth,
        routes: websockets,
        log,
      }),
    );
    const listening = keep(
      await listen({
        handler: app,
        onUpgrade: upgrades.handle,
        ip: settings.ip,
        port: settings.port,
        portGiven: options.port_given ?? options.port !== undefined,
        portRetries: settings.port_retries,
        sock: settings.sock,
        sockMode: parseInt(settings.sock_mode, 8),
        tls,
        hostAllowed: auth.hostAllowed,
        log,
      }),
    );
    port = listening.port;
    if (settings.shutdown_no_activity_timeout > 0) {
      keep(
        stopWhenIdle({
          timeout: settings.shutdown_no_activity_timeout,
          inUse: () =>
            kernels.running().length > 0 ||
            documents.list().length > 0 ||
            (terminals?.list().length ?? 0) > 0,
          lastActivity: () => lastActivity,
          stop: requestStop,
          log,
        }),
      );
    }
    const { origins } = listening;
    ownUrl = `${origins[0] ?? ''}${settings.base_url}`;
    // A token that somebody configured is known to them, and has no place on terminals and in journals.
    const link = (origin: string) => (made ? auth.loginUrl(origin) : `${origin}${settings.base_url}`);
    return {
      url: link(origins[0] ?? ''),
      origins,
      port,
      settings,
      token,
      tokenMade: made,
      certificate: tls?.info,
      store: store.infoString(),
      kernels: { running: () => kernels.running().length },
      stopRequested,
      passwordHash: () => credentials.passwordHash,
      link,
      setPassword,
      routes: listRoutes(routers),
      websockets: websockets.map(({ pattern }) => pattern.source),
      reloadCertificate: async () => tls?.reload(),
      close: () => closeAll(built, log),
    };
  }

  async function loadCertificate(): Promise<TlsSource> {
    return loadTls({
      certfile: settings.certfile,
      ...(settings.keyfile ? { keyfile: settings.keyfile } : {}),
      ...(settings.tls_cipher_list ? { ciphers: settings.tls_cipher_list } : {}),
      hostnames: settings.hostnames,
      autoDirectory: autoDirectory(directories.state),
      log,
    });
  }
}

function websocketRoutes(services: {
  kernels: KernelManager;
  bridge: KernelBridge;
  documents: DocumentManager;
  contents: Contents;
  terminals: TerminalManager | undefined;
  events: EventBus;
  log: ServerLog;
}): UpgradeRoute[] {
  const { kernels, bridge, documents, contents, terminals, events, log } = services;
  return [
    {
      kind: 'kernel',
      pattern: /^\/api\/kernels\/([^/]+)\/channels$/,
      accept({ params: [id = ''], query, socket }) {
        if (!kernels.get(id)) throw new HttpError(404, `Kernel does not exist: ${id}`);
        const [sessionId, after] = [query.get('session_id'), query.get('after')];
        return (ws) =>
          bridge.handleKernelSocket(ws, { kernelId: id, sessionId, after, socket, protocol: ws.protocol });
      },
    },
    {
      kind: 'document',
      pattern: /^\/api\/documents\/([^/]+)\/socket$/,
      accept({ params: [id = ''] }) {
        const document = documents.get(id);
        if (!document) throw new HttpError(404, `There is no open document with the id ${id}.`);
        return (ws) => handleDocumentSocket(ws, document, log);
      },
    },
    {
      kind: 'events',
      pattern: /^\/api\/events\/subscribe$/,
      accept({ query }) {
        const directories = query.getAll('directory').map((path) => cleanPath(path));
        const watchDirectory = (path: string, changed: () => void) => contents.watch(path, changed);
        return (ws) => handleEventSocket(ws, { bus: events, watchDirectory, directories });
      },
    },
    {
      kind: 'terminal',
      pattern: /^\/terminals\/websocket\/([^/]+)$/,
      accept({ params: [name = ''], query }) {
        const terminal = terminals?.get(name);
        if (!terminal) throw new HttpError(404, `Terminal not found: ${name}`);
        return (ws) => handleTerminalSocket(ws, terminal, { acknowledges: query.get('ack') === '1', log });
      },
    },
  ];
}

/** Secrets are left out by their description in the table of options. */
function shownSettings(
  settings: Settings,
  origins: Readonly<Record<string, string>> = {},
): ServerModel['settings'] {
  return optionNames.map((name) => {
    const value = shownValue(name, settings[name]);
    return { name, value: value ?? null, from: origins[name] ?? '' };
  });
}

/** With JUPYTER_NO_CONFIG nothing of Jupyter's directories is read or written. */
function ownConfig({ configPath, config, state }: Directories): string {
  return configPath.length === 0 ? state : config;
}

/** Of the desktop (freedesktop.org, "XDG Base Directory"). */
function trashDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const home = environment.HOME || homedir();
  return join(environment.XDG_DATA_HOME || join(home, '.local', 'share'), 'Trash');
}

/** Where exports come from: what is in an open document counts, saved or not. */
function notebookSource(contents: Contents): NotebookSource {
  return {
    async open(path) {
      const clean = cleanPath(path);
      const document = contents.openDocuments?.find(clean);
      await document?.flush();
      const found = await contents.stat(clean);
      if (found?.kind === 'file' && !found.name.endsWith('.ipynb')) return undefined;
      const unsaved = document?.unsaved();
      if (unsaved !== undefined && found !== undefined)
        return { ...unsaved, name: found.name, modified: found.modified };
      const { entry, file } = await contents.readNotebook(clean);
      const foreign = await contents.outputTrust?.foreignCells(file);
      return { file, name: entry.name, modified: entry.modified, isTrusted: foreign?.size === 0 };
    },
    readBody: (req) => readJsonBody(req, contents.maxBodySize),
  };
}

/** What a program that the server starts may know. */
function withoutSecrets(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !secretEnvironment.includes(entry[0]),
    ),
  );
}

/** An option that is `undefined` means its default. */
function definedOnly(options: ServerOptions): Partial<Settings> {
  const known = defaultSettings();
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => name in known && value !== undefined),
  );
}
