/** Configuration: the option table, the Jupyter directories, and the settings in force. */
export { ConfigError } from './config-error.js';
export { setOption } from './edit-file.js';
export { flagOf, parseCommandLine } from './flags.js';
export type { CommandLine } from './flags.js';
export { isGiven, loadSettings } from './load.js';
export type { LoadedSettings, LoadRequest } from './load.js';
export { configFileName } from './found-files.js';
export { groups } from './option.js';
export type { Group } from './option.js';
export { defaultSettings, describeOption, optionNames, secretEnvironment } from './options.js';
export type { OptionName, Settings } from './options.js';
export { abbreviateHome, expandHome, jupyterDirectories, profileDirectory } from './paths.js';
export type { Directories, Environment, Surroundings } from './paths.js';
export { parsePortRange } from './normalise.js';
export { makePrivateDirectory, writePrivateFile } from './private-file.js';
export { renderConfigFile } from './render-config.js';
export { wrap } from './wrap.js';
export { importPythonConfig } from './python-config.js';
