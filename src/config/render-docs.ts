/** Writes `docs/configuration.md` from the option table and the list of names without effect. Pure. */
import { flagOf } from './flags.js';
import { reasonsForNoEffect, refused } from './no-effect.js';
import { groups } from './option.js';
import type { Group } from './option.js';
import { describeOption, optionNames } from './options.js';
import type { OptionName } from './options.js';

export function renderConfigDocs(): string {
  return [introduction, ...groups.map(optionTable), storeOptions, noEffectTable()].join('\n\n') + '\n';
}

const introduction = `# Configuration

<!-- Generated from src/config by "npm run docs": change the text there. -->

Every option can be set in a file, on the command line, and some by an environment variable. Where several say something, the
last of these wins:

1. the default
2. Jupyter's own files: \`jupyter_config.json\`, \`jupyter_notebook_config.json\`, \`jupyter_server_config.json\` and the \`*.json\`
   files in \`jupyter_server_config.d\` and its like, in each Jupyter configuration directory
3. \`nbserver/notebook_config.json\` in each Jupyter configuration directory
4. \`nbserver/profile_NAME/notebook_config.json\` in your Jupyter configuration directory, where NAME is the profile: the one of
   \`--profile\`, else \`default\`
5. environment variables
6. flags

\`nbserver config show\` prints every setting in force and where it comes from, and takes the same flags as the server.
\`--config FILE\` reads FILE instead of 2, 3 and 4; with \`--profile\` beside it, that profile's file is read, too, and wins.
**Nothing is ever read from the current directory or the notebook directory**: whoever can put a file there must not decide how
your server runs.

The Jupyter configuration directories are, the most important first: those in \`JUPYTER_CONFIG_PATH\`; your own,
\`JUPYTER_CONFIG_DIR\` or else \`~/.jupyter\`; \`~/.local/etc/jupyter\`; \`etc/jupyter\` in an active virtual or conda environment;
\`/usr/local/etc/jupyter\`; \`/etc/jupyter\`. With \`JUPYTER_PREFER_ENV_PATH=1\` the environment comes before your own. With
\`JUPYTER_NO_CONFIG=1\` none of them is read.

## Where things lie

| What | Where |
| --- | --- |
| your configuration | \`~/.jupyter/nbserver/profile_NAME/notebook_config.json\`, beside it \`~/.jupyter/custom/\` |
| state: certificate, cookie secret, logins, tokens, trust, history, journals, unfinished uploads | \`~/.local/share/jupyter/nbserver/\` |
| runtime: connection files, files about running servers | \`~/.local/share/jupyter/runtime/\` |
| your kernels | \`~/.local/share/jupyter/kernels/\` |

On macOS \`~/Library/Jupyter\` is in the place of \`~/.local/share/jupyter\`. \`JUPYTER_CONFIG_DIR\`, \`JUPYTER_DATA_DIR\` (or
\`XDG_DATA_HOME\`) and \`JUPYTER_RUNTIME_DIR\` choose other places. A backup of the first two brings everything back that is not in your
notebook folder.

## The file

\`\`\`sh
nbserver profile create work      # writes a file with every option in it, and prints its path
nbserver --profile work
\`\`\`

The file is JSON that may have comments and trailing commas:

\`\`\`jsonc
{
  "NotebookApp": {
    // relative paths are meant from the directory of this file, ~ is your home directory
    "certfile": "mycert.pem",
    "ip": "*",
    "open_browser": false,
    "password": "sha1:…", // nbserver passwd
    "port": 9999,
  },
}
\`\`\`

- Options may stand in their section or flat. \`ServerApp\` means the same as \`NotebookApp\`, \`FileContentsManager\` the same as
  \`FileNotebookManager\`, and \`KernelManager\`, \`KernelSpecManager\` and \`MultiKernelManager\` the same as \`MappingKernelManager\`.
- A name that is not known is an error that says file, line and the nearest known name. In Jupyter's own files it is one
  warning, because they are written for other programs as well.
- On the command line, \`--base-url=/x/\`, \`--base_url=/x/\` and \`--NotebookApp.base_url=/x/\` are the same. Options that are true or
  false are set by \`--name\` and \`--no-name\`. Relative paths are meant from where you stand.
- A file with a password hash or a token in it should be readable by you only; \`nbserver passwd --write\` and
  \`nbserver profile create\` see to that.
- A Python configuration file is not read. \`nbserver config import ~/.jupyter/jupyter_notebook_config.py --profile work\` takes
  over its lines of the form \`c.NotebookApp.port = 9999\`, and names those that it cannot take.`;

function optionTable(group: Group): string {
  const rows = optionNames.filter((name) => describeOption(name).group === group).map(optionRow);
  return [
    `## ${group}`,
    '',
    '| Option | Flag | Default | Meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function optionRow(name: OptionName): string {
  const option = describeOption(name);
  const home = option.section === 'NotebookApp' ? '' : `, in \`${option.section}\``;
  const flag =
    option.type === 'boolean' && option.default === true ? `--no-${flagOf(name)}` : `--${flagOf(name)}`;
  const value = option.default === undefined ? 'unset' : code(JSON.stringify(option.default));
  const others = [...(option.aka ?? []), ...(option.also ?? [])].map(code).join(', ');
  const meaning = [
    `${cell(option.help)}.`,
    ...(option.env === undefined ? [] : [`Environment: ${option.env.map(code).join(', ')}.`]),
    ...(others === '' ? [] : [`Other names: ${others}.`]),
  ].join(' ');
  return `| ${code(name)}${home} | ${code(flag)} | ${value} | ${meaning} |`;
}

const storeOptions = `## Options of another store

When \`notebook_manager_class\` names a store of your own, a section \`NotebookManager\`, or one with the name of the class
(\`SwiftNotebookManager\`, anything that ends in \`NotebookManager\` or \`ContentsManager\`), is passed to it as it stands:

\`\`\`jsonc
{
  "NotebookApp": { "notebook_manager_class": "./swift-notebook-manager.mjs" },
  "SwiftNotebookManager": { "container": "notebooks" },
}
\`\`\``;

function noEffectTable(): string {
  const rows = Object.entries(reasonsForNoEffect).map(
    ([why, names]) => `| ${names.map(code).join(', ')} | ${cell(why)} |`,
  );
  return [
    '## Known names without effect',
    '',
    'These belong to IPython or Jupyter. They are accepted and change nothing; in our own file and as flags they get a warning.',
    '',
    '| Names | Why |',
    '| --- | --- |',
    ...rows,
    '',
    'These stop the start, because whoever set them counts on them:',
    '',
    '| Name | Why |',
    '| --- | --- |',
    ...[...refused].map(([name, why]) => `| ${code(name)} | ${cell(why)} |`),
  ].join('\n');
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function cell(text: string): string {
  return text.replace(/[|*<]/g, (char) => (char === '<' ? '&lt;' : `\\${char}`));
}
