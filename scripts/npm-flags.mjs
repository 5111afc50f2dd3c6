// Without `--`, npm takes flags for its own settings and hands a script only the bare words: `npm start ~/work --port 9999`
// arrives as `~/work 9999` and npm_config_port=true. This gives the script its flags back.

/** What `npm start` hands on as a command instead of serving it; none may lack that the program knows. */
export const COMMANDS = [
  'passwd',
  'token',
  'certificate',
  'profile',
  'config',
  'run',
  'trust',
  'doctor',
  'list',
  'stop',
];

const VALUED = [
  'ip',
  'certfile',
  'keyfile',
  'base-url',
  'notebook-dir',
  'port-retries',
  'sock',
  'log-level',
  'public-url',
  'hostname',
];
const SWITCHES = ['public', 'allow-root'];

/**
 * @param {string[]} words  what npm passed on
 * @param {Record<string, string | undefined>} env
 * @returns {string[]} the arguments as they were meant
 * @throws {Error} with a sentence, where that cannot be known
 */
export function argumentsBehindNpm(words, env) {
  const rest = [...words];
  const flags = [];
  const read = (flag) => env[`npm_config_${flag.replaceAll('-', '_')}`];

  const port = read('port');
  if (port === 'true') {
    const at = rest.findLastIndex((word) => /^\d+$/.test(word));
    if (at < 0) throw new Error('--port needs a number, for example: npm start -- --port 9999');
    flags.push(`--port=${rest.splice(at, 1)[0]}`);
  } else if (port) flags.push(`--port=${port}`);

  for (const flag of VALUED) {
    const value = read(flag);
    if (value === 'true')
      throw new Error(
        `npm took --${flag} for itself. Put two dashes before the flags: npm start -- --${flag} …`,
      );
    if (value) flags.push(`--${flag}=${value}`);
  }
  for (const flag of SWITCHES) if (read(flag) === 'true') flags.push(`--${flag}`);
  // `browser` is a setting of npm itself, and absent unless somebody says --no-browser or --browser=NAME.
  const browser = read('browser');
  if (browser !== undefined)
    flags.push(['true', 'false', 'null', ''].includes(browser) ? '--no-browser' : `--browser=${browser}`);
  return [...rest, ...flags];
}
