// `npm start`: sets up what is missing, then serves `examples/` (or the path that was given) with our notebook_config.json.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { COMMANDS, argumentsBehindNpm } from './npm-flags.mjs';
import { build, checkNode, fail, installPackages, root } from './setup.mjs';

checkNode();
installPackages();
await build();

let args;
try {
  args = argumentsBehindNpm(process.argv.slice(2), process.env);
} catch (error) {
  fail(error.message);
}
const given = (...flags) =>
  args.some((arg) => flags.some((flag) => arg === flag || arg.startsWith(`${flag}=`)));
const command = COMMANDS.includes(args[0] ?? '');
if (!command && !given('--config', '--profile', '--help', '--version')) {
  // A path among the arguments wins over this flag.
  if (!given('--notebook-dir')) args.unshift(`--notebook-dir=${join(root, 'examples')}`);
  // The profile beside it wins, and is where a password is written to: never into our own file.
  args.push(`--config=${join(root, 'notebook_config.json')}`, '--profile=default');
}

// Relative paths are meant from where the person stands, and npm moved us to the package.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
process.argv = [process.argv[0], join(root, 'dist', 'main.js'), ...args];
await import(pathToFileURL(process.argv[1]).href);
