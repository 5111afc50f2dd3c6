/** Opens the person's browser at a link, without ever putting its token on a command line that others can read. */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface BrowserChoice {
  /** a command; `%s` stands for the address; empty: the system's own way */
  command: string;
  platform: NodeJS.Platform;
  env: Readonly<Record<string, string | undefined>>;
}

/** Whether there is anything to open a browser on: a display on Linux, always on macOS, a command that was named. */
export function canOpenBrowser({ command, platform, env }: BrowserChoice): boolean {
  return command !== '' || platform === 'darwin' || Boolean(env.DISPLAY) || Boolean(env.WAYLAND_DISPLAY);
}

/**
 * Opens the link through a small local page (0600) that leads on to it.
 *
 * @returns what removes that page; a browser that does not start is no error, because the link is printed anyway
 */
export function openBrowser(link: string, runtimeDirectory: string, choice: BrowserChoice): () => void {
  const path = join(runtimeDirectory, `jpserver-${process.pid}-open.html`);
  rmSync(path, { force: true });
  writeFileSync(path, redirectPage(link), { mode: 0o600, flag: 'wx' });
  const [command, ...args] = browserCommand(pathToFileURL(path).href, choice);
  const child = spawn(command, args, { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined);
  child.unref();
  return () => rmSync(path, { force: true });
}

function browserCommand(address: string, { command, platform }: BrowserChoice): [string, ...string[]] {
  if (command === '') return [platform === 'darwin' ? 'open' : 'xdg-open', address];
  const [program = command, ...args] = command.split(/\s+/);
  const withAddress = args.map((arg) => arg.replaceAll('%s', address));
  return [program, ...(command.includes('%s') ? withAddress : [...args, address])];
}

function redirectPage(link: string): string {
  const href = link.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="refresh" content="0;url=${href}">
    <title>Opening nbserver</title>
  </head>
  <body><p>This page leads to your notebooks. If nothing happens, <a href="${href}">open them here</a>.</p></body>
</html>
`;
}
