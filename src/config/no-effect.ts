/**
 * Names of IPython and Jupyter that we know and that change nothing here, with the reason that the user is told once.
 * A name without a class is one of `NotebookApp` and its like.
 */

import { optionNames } from './options.js';

const byItself = 'nbserver does this by itself';
const python = 'it names something written in Python, which nbserver does not load';
const pages = 'the pages of nbserver bring everything with them';
const flow = 'nbserver limits rates where their values are set';
const none = 'nbserver has no such setting';

/** Why → names. */
export const reasonsForNoEffect: Readonly<Record<string, readonly string[]>> = {
  [byItself]: [
    'use_redirect_file',
    'no_browser_open_file',
    'static_immutable_cache',
    'cookie_secret',
    'cookie_secret_file',
  ],
  [python]: [
    'config_manager_class',
    'contents_manager_class',
    'kernel_manager_class',
    'kernel_spec_manager_class',
    'session_manager_class',
    'kernel_websocket_connection_class',
    'authorizer_class',
    'identity_provider_class',
    'login_handler_class',
    'logout_handler_class',
    'cluster_manager_class',
    'jpserver_extensions',
    'nbserver_extensions',
    'server_extensions',
    'reraise_server_extension_failures',
    'extra_services',
    'jinja_environment_options',
    'jinja_template_vars',
    'get_secure_cookie_kwargs',
    'cookie_options',
    'ssl_options',
    'kernel_argv',
  ],
  [pages]: [
    'enable_mathjax',
    'mathjax_url',
    'mathjax_config',
    'use_less',
    'nbextensions_path',
    'extra_nbextensions_path',
    'extra_static_paths',
    'static_custom_path',
    'ignore_minified_js',
    'websocket_url',
    'file_url_prefix',
  ],
  [flow]: ['limit_rate', 'ZMQChannelsWebsocketConnection.limit_rate'],
  [none]: [
    'min_open_files_limit',
    'max_buffer_size',
    'webbrowser_open_new',
    'websocket_compression_options',
    'websocket_ping_interval',
    'websocket_ping_timeout',
    'extra_log_scrub_param_keys',
    'FileNotebookManager.save_script',
    'FileNotebookManager.checkpoint_dir',
    'FileCheckpoints.checkpoint_dir',
    'ContentsManager.untitled_notebook',
    'ContentsManager.untitled_file',
    'ContentsManager.untitled_directory',
    'autoreload',
    'preferred_dir',
    'allow_external_kernels',
    'external_connection_dir',
    'MappingKernelManager.buffer_offline_messages',
    'KernelSpecManager.ensure_native_kernel',
    'FileContentsManager.always_delete_dir',
    'ContentsManager.hide_globs',
  ],
  'the accepted Host names follow from ip, password and certfile; local_hostnames narrows or widens them': [
    'allow_remote_access',
  ],
  'set public_url and trusted_proxies instead': ['trust_xheaders', 'custom_display_url'],
  'every request needs a credential here': ['allow_unauthenticated_access', 'allow_password_change'],
  'the check of XSRF tokens cannot be turned off; a request with a token in its Authorization header does not need one':
    ['disable_check_xsrf'],
  'log lines are JSON when they do not go to a terminal': ['log_json'],
};

/** Full and flat name → why it has no effect. */
export const noEffect: ReadonlyMap<string, string> = new Map(
  Object.entries(reasonsForNoEffect).flatMap(([why, names]) =>
    names.flatMap((name) => {
      const flat = name.slice(name.indexOf('.') + 1);
      // `TerminalManager.cull_interval` is none of ours, `cull_interval` is.
      const isOurs = (optionNames as string[]).includes(flat);
      return isOurs ? [[name, why] as const] : [[name, why] as const, [flat, why] as const];
    }),
  ),
);

/** What must not be passed over, because its owner counts on it → what to do instead. */
export const refused: ReadonlyMap<string, string> = new Map([
  ['client_ca', 'client certificates are not supported: let a proxy in front check them (public_url)'],
  ['gateway_url', 'a gateway is not supported: kernels run on this computer'],
  ['GatewayClient.url', 'a gateway is not supported: kernels run on this computer'],
]);

/** What every installed extension of Jupyter writes into a file of its own: not worth a word at each start. */
export const extensionLists: ReadonlySet<string> = new Set([
  'jpserver_extensions',
  'nbserver_extensions',
  'server_extensions',
]);
