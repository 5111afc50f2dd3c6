/** Configuration: the option table, the Jupyter directories, and the settings in force. */
export { ConfigError } from './config-error.js';
export { flagOf, parseCommandLine } from './flags.js';
export type { CommandLine } from './flags.js';
export { isGiven, loadSettings } from './load.js';
export type { LoadedSettings, LoadRequest } from './load.js';
export { defaultSettings, optionNames, secretEnvironment } from './options.js';
export type { OptionName, Settings } from './options.js';
export { abbreviateHome, expandHome, jupyterDirectories, profileDirectory } from './paths.js';
export type { Directories, Environment, Surroundings } from './paths.js';
