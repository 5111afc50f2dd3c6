/** How nginx, Apache and Caddy are set up in front of this server; docs/public-server.md has the same. Pure. */

export interface ProxySite {
  /** the address that people use, with a slash at its end */
  url: string;
  /** where the server listens, `127.0.0.1:8888` */
  backend: string;
}

export type ProxyKind = 'nginx' | 'Apache' | 'Caddy';

/** Of a header `Server:`; undefined when it names none that we know. */
export function proxyKind(server: string | undefined): ProxyKind | undefined {
  if (server === undefined) return undefined;
  return (['nginx', 'Apache', 'Caddy'] as const).find((kind) =>
    server.toLowerCase().includes(kind.toLowerCase()),
  );
}

export function proxySnippet(kind: ProxyKind, { url, backend }: ProxySite): string {
  const { pathname, host } = new URL(url);
  if (kind === 'nginx') {
    return `location ${pathname} {
    proxy_pass http://${backend};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_read_timeout 1h;
    proxy_buffering off;
    client_max_body_size 512m;
}`;
  }
  if (kind === 'Apache') {
    return `# a2enmod proxy proxy_http proxy_wstunnel headers rewrite
ProxyPreserveHost On
ProxyTimeout 3600
LimitRequestBody 536870912
RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}
ProxyPass        ${pathname} http://${backend}${pathname} upgrade=websocket flushpackets=on
ProxyPassReverse ${pathname} http://${backend}${pathname}`;
  }
  return `${host} {
    reverse_proxy ${pathname}* ${backend}
}`;
}
