/** Debian's nginx and Caddy in front of a server, for tests; each writes only into the folder that it is given. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Its workers would run as another user, who may not write into a private folder. */
const AS_ROOT = process.getuid?.() === 0 ? 'user root;' : '';

/** @param server  the directives of one `server {}` */
export function startNginx(folder: string, server: string): ChildProcess {
  const dir = join(folder, 'nginx');
  mkdirSync(dir, { recursive: true });
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (each) => `${each}_temp_path ${dir}/${each};`,
  );
  const config = `
    ${AS_ROOT} daemon off; pid ${dir}/nginx.pid; error_log stderr warn;
    events {}
    http {
      access_log off; ${temp.join(' ')}
      server { ${server} }
    }`;
  writeFileSync(join(dir, 'nginx.conf'), config);
  return spawn('/usr/sbin/nginx', ['-c', join(dir, 'nginx.conf'), '-e', 'stderr', '-p', dir], {
    stdio: 'ignore',
  });
}

/** @param sites  what follows the global options in a Caddyfile */
export function startCaddy(folder: string, sites: string): ChildProcess {
  const path = join(folder, 'Caddyfile');
  writeFileSync(path, `{\n  admin off\n  auto_https off\n}\n${sites}\n`);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    XDG_DATA_HOME: join(folder, 'caddy'),
    XDG_CONFIG_HOME: join(folder, 'caddy'),
  };
  return spawn('/usr/bin/caddy', ['run', '--adapter', 'caddyfile', '--config', path], {
    stdio: 'ignore',
    env,
  });
}

export async function stopProxy(proxy: ChildProcess): Promise<void> {
  if (proxy.exitCode !== null) return;
  const ended = new Promise((resolve) => proxy.once('exit', resolve));
  proxy.kill('SIGTERM');
  await ended;
}
