/**
 * The one table of options: flags, configuration file, environment, `--help`, the docs page and validation all come
 * from it. It is longer than other modules because it is a list. An option has one name everywhere, the classic one
 * (`base_url`), so that a setting found in code, in a file or in a message can be searched for.
 */
import { boolean, choice, integer, number, object, optionalString, string, strings } from './option.js';
import type { Option, Section } from './option.js';
import * as form from './normalise.js';

const app = { section: 'NotebookApp' } as const;
const files = { section: 'FileNotebookManager' } as const;
const kernels = { section: 'MappingKernelManager' } as const;
const terminals = { section: 'TerminalManager' } as const;

/** Seconds. A timer of Node's that is to take longer is over at once. */
const longestTimer = 2_147_483;

export const options = {
  // Address
  ip: string({
    ...app,
    group: 'Address',
    default: 'localhost',
    placeholder: 'ADDRESS',
    normalise: form.ip,
    help: 'The address to listen on; "*" is every interface, which needs a password and a certificate',
  }),
  port: integer({
    ...app,
    group: 'Address',
    default: 8888,
    min: 0,
    max: 65535,
    env: ['JUPYTER_PORT'],
    placeholder: 'PORT',
    help: 'The port to listen on. A port that you set is used or refused, never replaced by another; 0 lets the system choose',
  }),
  port_retries: integer({
    ...app,
    group: 'Address',
    default: 50,
    min: 0,
    max: 1000,
    env: ['JUPYTER_PORT_RETRIES'],
    placeholder: 'N',
    help: 'How many other ports are tried when the default one is taken',
  }),
  sock: string({
    ...app,
    group: 'Address',
    default: '',
    path: true,
    placeholder: 'PATH',
    help: 'Listen on this unix socket instead of a port',
  }),
  sock_mode: string({
    ...app,
    group: 'Address',
    default: '0600',
    normalise: form.socketMode,
    placeholder: 'MODE',
    help: 'Permissions of the unix socket in octal; its owner must be able to read and write',
  }),
  base_url: string({
    ...app,
    group: 'Address',
    default: '/',
    normalise: form.baseUrl,
    placeholder: 'PATH',
    help: 'The path under which everything lies, for example /ipython/',
  }),

  // Password and token
  password: string({
    ...app,
    group: 'Password and token',
    default: '',
    secret: true,
    aka: ['hashed_password'],
    also: ['IdentityProvider.hashed_password', 'PasswordIdentityProvider.hashed_password'],
    normalise: form.passwordHash,
    help: 'The hash of the password, as "nbserver passwd" prints it',
  }),
  password_file: string({
    ...app,
    group: 'Password and token',
    default: '',
    path: true,
    env: ['NBSERVER_PASSWORD_FILE'],
    placeholder: 'FILE',
    help: 'A file whose first line is the password itself, for containers and scripts; used when no hash is set',
  }),
  password_required: boolean({
    ...app,
    group: 'Password and token',
    default: false,
    also: ['PasswordIdentityProvider.password_required'],
    help: 'Refuse to start without a password, even when there is a token',
  }),
  token: optionalString({
    ...app,
    group: 'Password and token',
    secret: true,
    also: ['IdentityProvider.token'],
    env: ['JUPYTER_TOKEN', 'JUPYTER_TOKEN_FILE'],
    placeholder: 'TOKEN',
    help: 'A token that programs send instead of the password. Unset (null): one is made for this start when there is no password; empty: none',
  }),

  // HTTPS
  certfile: string({
    ...app,
    group: 'HTTPS',
    default: '',
    path: true,
    words: ['auto'],
    placeholder: 'FILE',
    help: 'The certificate chain (PEM), which may hold the key too; "auto" makes a self-signed one and renews it',
  }),
  keyfile: string({
    ...app,
    group: 'HTTPS',
    default: '',
    path: true,
    placeholder: 'FILE',
    help: 'The private key (PEM), when it is not in the certificate file',
  }),
  tls_cipher_list: string({
    ...app,
    group: 'HTTPS',
    default: '',
    placeholder: 'LIST',
    help:
      'The ciphers that are offered, as OpenSSL writes them, for example DEFAULT@SECLEVEL=2, which refuses short keys. ' +
      'Unset: ECDHE with AES-GCM or ChaCha20 only',
  }),

  // Public server and proxies
  public: boolean({
    ...app,
    group: 'Public server and proxies',
    default: false,
    help: 'Serve the whole network: asks for a password and makes a certificate when they are missing, and listens on every interface',
  }),
  hostnames: strings({
    ...app,
    group: 'Public server and proxies',
    default: [],
    flag: 'hostname',
    placeholder: 'NAME',
    help: 'A name or address for the certificate that is made by itself and for the printed links; may be given several times',
  }),
  public_url: string({
    ...app,
    group: 'Public server and proxies',
    default: '',
    normalise: form.publicUrl,
    placeholder: 'URL',
    help: 'The address that people use when a proxy in front ends https, for example https://nb.example.org/ipython/. Sets base_url, the accepted Host and Origin, and the printed link',
  }),
  trusted_proxies: strings({
    ...app,
    group: 'Public server and proxies',
    default: ['loopback'],
    placeholder: 'ADDRESS',
    help: 'Addresses or networks whose X-Forwarded-* headers are believed when public_url is set; "loopback", "linklocal" and "uniquelocal" are names for such networks',
  }),
  local_hostnames: strings({
    ...app,
    group: 'Public server and proxies',
    default: [],
    placeholder: 'NAME',
    help: 'Host names this server answers to, besides localhost and its own addresses. When set, every other name is refused on public servers too',
  }),
  allow_insecure_public_access_without_password_or_tls: boolean({
    ...app,
    group: 'Public server and proxies',
    default: false,
    help: 'Listen beyond this computer although anyone there can read along or come in. Only for networks that you trust entirely',
  }),

  // Who else may call
  allow_origin: string({
    ...app,
    group: 'Who else may call',
    default: '',
    normalise: form.allowOrigin,
    placeholder: 'ORIGIN',
    help: 'The one other origin (https://host:port) whose pages may use this server with a token; "*" is any',
  }),
  allow_origin_pat: string({
    ...app,
    group: 'Who else may call',
    default: '',
    normalise: form.originPattern,
    placeholder: 'REGEXP',
    help: 'A regular expression for such origins; it must match the whole origin. Not used when allow_origin is set',
  }),
  allow_credentials: boolean({
    ...app,
    group: 'Who else may call',
    default: false,
    help: 'Answer those origins with Access-Control-Allow-Credentials: true',
  }),

  authenticate_prometheus: boolean({
    ...app,
    group: 'Who else may call',
    default: true,
    help: 'Ask for a credential at /metrics, the numbers for Prometheus. Turn it off for a scraper that sends none: then anybody who reaches the server sees how busy it is',
  }),
  record_http_request_metrics: boolean({
    ...app,
    group: 'Who else may call',
    default: true,
    help: 'Tell at /metrics how many requests came and how long they took, by method, route and status',
  }),

  // Notebooks and files
  notebook_dir: string({
    ...app,
    group: 'Notebooks and files',
    default: '',
    path: true,
    aka: ['root_dir'],
    also: ['FileNotebookManager.notebook_dir', 'FileNotebookManager.root_dir'],
    placeholder: 'DIR',
    help: 'The directory whose notebooks and files are served; the current one when unset',
  }),
  file_to_run: string({
    ...app,
    group: 'Notebooks and files',
    default: '',
    path: true,
    placeholder: 'FILE',
    help: 'Open this notebook or file at start; the same as giving it as PATH',
  }),
  notebook_manager_class: string({
    ...app,
    group: 'Notebooks and files',
    default: 'FileNotebookManager',
    placeholder: 'NAME|MODULE',
    normalise: form.managerClass,
    help: 'Where notebooks are kept: FileNotebookManager, MemoryNotebookManager, or a module (./my-store.mjs) whose default export is a notebook manager. Its options stand in a section "NotebookManager" or of its own name',
  }),
  max_body_size: integer({
    ...app,
    group: 'Notebooks and files',
    default: 512 * 1024 * 1024,
    min: 64 * 1024,
    placeholder: 'BYTES',
    help: 'The largest request that is accepted, in bytes: uploads and saved notebooks',
  }),
  allow_hidden: boolean({
    ...files,
    group: 'Notebooks and files',
    default: false,
    help: 'Show and serve files and directories whose name begins with a dot',
  }),
  use_atomic_writing: boolean({
    ...files,
    group: 'Notebooks and files',
    default: true,
    also: ['FileManagerMixin.use_atomic_writing'],
    help: 'Save so that a crash or a full disk costs nothing: the old file or the new one is there, whole. Turned off, files are simply overwritten',
  }),
  file_write: choice(['rename', 'in-place'], {
    ...files,
    group: 'Notebooks and files',
    default: 'rename',
    help: 'How files are saved: "rename" writes beside the file and renames, which loses access control lists, extended attributes and the creation time; "in-place" overwrites it after a copy of the old bytes was made beside it, which is slower and keeps them',
  }),
  pre_save_hook: string({
    ...files,
    group: 'Notebooks and files',
    default: '',
    placeholder: 'MODULE',
    also: ['ContentsManager.pre_save_hook'],
    help: 'A module (./my-hook.mjs) whose default export is called before each save with (model, { path }): it may change model.content, or refuse',
  }),
  post_save_hook: string({
    ...files,
    group: 'Notebooks and files',
    default: '',
    placeholder: 'MODULE',
    also: ['ContentsManager.post_save_hook'],
    help: 'A module whose default export is called after each save with (model, { path, directory }), for example to write a script beside the notebook',
  }),
  checkpoints_per_file: integer({
    ...files,
    group: 'Notebooks and files',
    default: 10,
    min: 1,
    max: 1000,
    placeholder: 'N',
    help: 'How many checkpoints are kept for each file; the further back, the wider the gaps between them',
  }),
  delete_to_trash: boolean({
    ...files,
    group: 'Notebooks and files',
    default: true,
    help: 'Move what is deleted to the trash of the desktop, or to .trash in the notebook directory where that is not possible',
  }),
  autosave: boolean({
    ...app,
    group: 'Notebooks and files',
    default: true,
    help: 'Save open notebooks by themselves. When off, nothing is written before you save; until then the server keeps what was changed in a journal of its own, which outlives a crash',
  }),
  record_timing: boolean({
    ...app,
    group: 'Notebooks and files',
    default: false,
    help: 'Write into the metadata of a cell when it ran, as JupyterLab does with "recordTiming"',
  }),

  // Kernels
  default_kernel_name: string({
    ...kernels,
    group: 'Kernels',
    default: '',
    placeholder: 'NAME',
    help: 'The kernel of new notebooks; unset: Python when there is one, else the JavaScript kernel of this package',
  }),
  allowed_kernelspecs: strings({
    ...kernels,
    group: 'Kernels',
    default: [],
    aka: ['whitelist', 'allowed_kernels'],
    placeholder: 'NAME',
    help: 'Only these kernels are offered; unset: all that are found',
  }),
  kernel_port_range: string({
    ...kernels,
    group: 'Kernels',
    default: '49152-65535',
    normalise: form.portRange,
    placeholder: 'FIRST-LAST',
    help: 'The ports on 127.0.0.1 by which server and kernels talk; five for each kernel',
  }),
  transport: choice(['tcp', 'ipc'], {
    ...kernels,
    group: 'Kernels',
    default: 'tcp',
    help: 'How server and kernels talk: tcp on 127.0.0.1, whose messages other users of this computer can read, or ipc, sockets in the runtime directory that only you can open',
  }),
  autorestart: boolean({
    ...kernels,
    group: 'Kernels',
    default: true,
    help: 'Start a kernel again that died by itself',
  }),
  kernel_info_timeout: number({
    ...kernels,
    group: 'Kernels',
    default: 60,
    min: 1,
    max: longestTimer,
    placeholder: 'SECONDS',
    help: 'A kernel that does not answer for so many seconds after its start has failed',
  }),
  shutdown_wait_time: number({
    ...kernels,
    group: 'Kernels',
    default: 5,
    min: 0,
    max: longestTimer,
    placeholder: 'SECONDS',
    help: 'How many seconds a kernel has to end by itself before it is killed',
  }),
  iopub_msg_rate_limit: number({
    ...app,
    group: 'Kernels',
    default: 0,
    min: 0,
    also: ['ZMQChannelsWebsocketConnection.iopub_msg_rate_limit'],
    placeholder: 'N',
    help: 'Leave out printed text where a kernel sends a websocket more messages a second; 0 is no limit, which needs none: what a slow client cannot take is bounded anyway',
  }),
  iopub_data_rate_limit: number({
    ...app,
    group: 'Kernels',
    default: 0,
    min: 0,
    also: ['ZMQChannelsWebsocketConnection.iopub_data_rate_limit'],
    placeholder: 'BYTES',
    help: 'Leave out printed text where a kernel prints more bytes a second to a websocket; 0 is no limit',
  }),
  rate_limit_window: number({
    ...app,
    group: 'Kernels',
    default: 3,
    min: 0.1,
    also: ['ZMQChannelsWebsocketConnection.rate_limit_window'],
    placeholder: 'SECONDS',
    help: 'The time over which the two rates above are taken',
  }),

  cull_idle_timeout: number({
    ...kernels,
    group: 'Kernels',
    default: 0,
    min: 0,
    placeholder: 'SECONDS',
    help: 'End kernels that were not used for so many seconds; 0: never. A kernelspec may have its own number in metadata.cull_idle_timeout',
  }),
  cull_interval: number({
    ...kernels,
    group: 'Kernels',
    default: 300,
    min: 1,
    max: longestTimer,
    placeholder: 'SECONDS',
    help: 'How often such kernels are looked for',
  }),
  cull_connected: boolean({
    ...kernels,
    group: 'Kernels',
    default: false,
    help: 'End idle kernels also while their notebook is open somewhere',
  }),
  cull_busy: boolean({
    ...kernels,
    group: 'Kernels',
    default: false,
    help: 'End kernels that printed nothing for so long although they are busy',
  }),

  // Terminals
  terminals_enabled: boolean({
    ...app,
    group: 'Terminals',
    default: true,
    help: 'Offer terminals: a shell in the browser, with all that the user of this server may do',
  }),
  terminado_settings: object<{ shell_command?: readonly string[] }>(['shell_command'], {
    ...app,
    group: 'Terminals',
    default: {},
    normalise: form.terminadoSettings,
    placeholder: 'JSON',
    help: 'shell_command is the shell of terminals with its arguments, for example {"shell_command": ["/bin/zsh", "-l"]}; unset: $SHELL. Nothing else in here has an effect',
  }),
  cull_inactive_timeout: number({
    ...terminals,
    group: 'Terminals',
    default: 0,
    min: 0,
    placeholder: 'SECONDS',
    help: 'End a terminal in which nothing was typed or printed for so many seconds; 0: never',
  }),
  terminal_cull_interval: number({
    ...terminals,
    group: 'Terminals',
    default: 300,
    min: 1,
    max: longestTimer,
    also: ['TerminalManager.cull_interval'],
    placeholder: 'SECONDS',
    help: 'How often such terminals are looked for',
  }),

  // Pages
  default_url: string({
    ...app,
    group: 'Pages',
    default: '/tree',
    normalise: form.defaultUrl,
    placeholder: 'PATH',
    help: 'The page that / leads to, under base_url',
  }),
  webapp_settings: object<{ static_url_prefix?: string }>(['static_url_prefix'], {
    ...app,
    group: 'Pages',
    default: {},
    aka: ['tornado_settings'],
    normalise: form.webappSettings,
    placeholder: 'JSON',
    help: 'static_url_prefix is the local path of scripts and styles, for example /ipython/static/. Nothing else in here has an effect',
  }),
  extra_template_paths: strings({
    ...app,
    group: 'Pages',
    default: [],
    placeholder: 'DIR',
    help: 'Folders of templates that take the place of the package\'s own, by name. {% extends "templates/page.html" %} means the package\'s',
  }),
  quit_button: boolean({
    ...app,
    group: 'Pages',
    default: true,
    help: 'Show the button that stops the server on the dashboard',
  }),

  // Start and log
  open_browser: boolean({
    ...app,
    group: 'Start and log',
    default: true,
    help: 'Open a browser at start, where there is a display',
  }),
  browser: string({
    ...app,
    group: 'Start and log',
    default: '',
    placeholder: 'COMMAND',
    help: 'The command that opens it; %s in it stands for the address, which is added at the end otherwise',
  }),
  answer_yes: boolean({
    ...app,
    group: 'Start and log',
    default: false,
    flag: 'yes',
    help: 'Ctrl-C stops the server at once, without asking',
  }),
  allow_root: boolean({
    ...app,
    group: 'Start and log',
    default: false,
    help: 'As root, listen beyond this computer too',
  }),
  shutdown_no_activity_timeout: number({
    ...app,
    group: 'Start and log',
    default: 0,
    min: 0,
    placeholder: 'SECONDS',
    help: 'Stop the server after so many seconds without kernels, terminals, open notebooks and requests; 0: never. Looked at once a minute',
  }),
  log_level: choice(['debug', 'info', 'warn', 'error'], {
    ...app,
    group: 'Start and log',
    default: 'info',
    also: ['Application.log_level', 'JupyterApp.log_level'],
    choiceNames: {
      '10': 'debug',
      '20': 'info',
      '30': 'warn',
      '40': 'error',
      '50': 'error',
      warning: 'warn',
      critical: 'error',
    },
    placeholder: 'LEVEL',
    help: 'How much is said: debug, info, warn or error',
  }),
} as const satisfies Record<string, Option<unknown>>;

export type OptionName = keyof typeof options;

/** Every option with its value in force. `notebook_dir` and all paths are absolute after loading. */
export type Settings = { -readonly [K in OptionName]: (typeof options)[K]['default'] };

export const optionNames = Object.keys(options) as OptionName[];

/** The entry of an option without its own type, for code that treats all alike. */
export function describeOption(name: OptionName): Option<unknown> {
  return options[name];
}

/** The value of a setting for people to read: secrets are only said to be there. */
export function shownValue(name: OptionName, value: unknown): unknown {
  return describeOption(name).secret && value !== '' && value !== undefined ? '(hidden)' : value;
}

export function defaultSettings(): Settings {
  return Object.fromEntries(
    optionNames.map((name) => [name, structuredClone(options[name].default)]),
  ) as unknown as Settings;
}

/** Classes of IPython and Jupyter whose options are ours by the same name. */
export const classSections: Readonly<Record<string, Section>> = {
  NotebookApp: 'NotebookApp',
  ServerApp: 'NotebookApp',
  JupyterNotebookApp: 'NotebookApp',
  LabApp: 'NotebookApp',
  FileNotebookManager: 'FileNotebookManager',
  FileContentsManager: 'FileNotebookManager',
  AsyncFileContentsManager: 'FileNotebookManager',
  LargeFileManager: 'FileNotebookManager',
  AsyncLargeFileManager: 'FileNotebookManager',
  ContentsManager: 'FileNotebookManager',
  MappingKernelManager: 'MappingKernelManager',
  AsyncMappingKernelManager: 'MappingKernelManager',
  MultiKernelManager: 'MappingKernelManager',
  AsyncMultiKernelManager: 'MappingKernelManager',
  KernelManager: 'MappingKernelManager',
  AsyncKernelManager: 'MappingKernelManager',
  KernelSpecManager: 'MappingKernelManager',
  TerminalManager: 'TerminalManager',
};

/** Environment variables that carry secrets or lead to them: kernels and terminals must not inherit these. */
export const secretEnvironment: readonly string[] = [
  ...new Set(
    optionNames
      .filter((name) => describeOption(name).secret || name === 'password_file')
      .flatMap((name) => describeOption(name).env ?? []),
  ),
];
