/** Puts the parts of authentication together from plain options. */
import { ApiTokens } from './api-tokens.js';
import { BrowserSessions } from './browser-sessions.js';
import { cookieSecret as readCookieSecret } from './cookie-secret.js';
import { Gate } from './gate.js';
import { hostAllowed, hostRules } from './host.js';
import { loginRouter } from './login.js';
import { originAllowed, originRules } from './origin.js';
import { passwdCheck, passwordHashProblem } from './password.js';
import { trustedProxies } from './request-view.js';
import { LoginThrottle } from './throttle.js';
import type { Auth, AuthOptions, Credentials } from './types.js';

/** A token that someone chose and that is shorter can be guessed by trying. */
const shortToken = 16;
/** Wrong tries that the owner can look at. */
const failuresKept = 50;

/**
 * @throws {Error} a sentence about the option that cannot be used: allow_origin, allow_origin_pat, trusted_proxies, a
 *   password that is no hash, a secret file that cannot be read
 */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { baseUrl, publicUrl, log } = options;
  let credentials = await checked(options.credentials);
  const cookieSecret = await readCookieSecret(options.stateDirectory, log);
  const origins = originRules(options);
  const publicHttps = Boolean(publicUrl?.startsWith('https:'));
  const crossSite = { origins, noXsrf: options.disableCheckXsrf ?? false };
  warn(options);
  const apiTokens = new ApiTokens({ stateDirectory: options.stateDirectory, log });
  const throttle = new LoginThrottle();
  // Counted by login: what strangers try at the login page must not keep an owner from changing the password.
  const changeThrottle = new LoginThrottle();

  // The name of the cookie holds the port, which is known when the first request comes.
  let open: BrowserSessions | undefined;
  let closed = false;
  const listeners = new Set<(id: string) => void>();
  const sessions = (): BrowserSessions => {
    if (open) return open;
    if (closed) throw new Error('The server is closed.');
    open = new BrowserSessions({
      baseUrl,
      port: options.port(),
      sock: options.sock,
      secureCookies: options.tls || publicHttps,
      stateDirectory: options.stateDirectory,
      cookieSecret,
      credentials,
      apiTokens,
      log,
    });
    open.onEnded(tellRevoked);
    return open;
  };
  const tellRevoked = (id: string): void => {
    for (const listener of listeners) listener(id);
  };
  apiTokens.onRevoked((id) => {
    tellRevoked(id);
    open?.endOpenedWith(id);
  });

  const isOff = (): boolean => credentials.passwordHash === '' && credentials.token === '';
  const makeHosts = (): ReturnType<typeof hostRules> => hostRules({ ...options, authOff: isOff() });
  let hosts = makeHosts();
  const failed: { address: string; time: number }[] = [];
  const onFailed = (address: string): void => {
    failed.unshift({ address, time: Date.now() });
    failed.length = Math.min(failed.length, failuresKept);
  };
  const gate = new Gate({
    baseUrl,
    assets: options.assetFolders ?? [`${baseUrl}static/`],
    publicPaths: options.publicPaths ?? [],
    credentials: () => credentials,
    sessions,
    apiTokens,
    trusted: trustedProxies(options.trustedProxies ?? (publicUrl ? ['loopback'] : [])),
    hosts: () => hosts,
    crossSite,
    cors: {
      origins,
      anyOrigin: options.allowOrigin === '*',
      credentials: options.allowCredentials ?? false,
    },
    publicHttps,
  });

  return {
    hostCheck: gate.hostCheck,
    gate: gate.gate,
    router: loginRouter({
      baseUrl,
      gate,
      credentials: () => credentials,
      sessions,
      apiTokens,
      origins,
      throttle,
      onFailed,
      cookieSecret,
      renderLogin: options.renderLogin,
      renderLogout: options.renderLogout,
      log,
    }),
    authenticateUpgrade: (req) => gate.authenticateUpgrade(req),
    hostAllowed: (host) => hostAllowed(host, hosts),
    inspect(req, origin) {
      const { scheme, host, address, origin: own } = gate.view(req);
      return { scheme, host, address, origin_allowed: originAllowed(origin, own, origins) };
    },
    onRevoked(listener) {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
    async setCredentials(next) {
      credentials = await checked(next);
      hosts = makeHosts();
      open?.setCredentials(credentials);
    },
    logins: () => sessions().list(),
    endLogin: (id) => sessions().endOne(id),
    failedLogins: () => failed,
    apiTokens,
    async checkPassword(req, identity, typed) {
      const { address } = gate.view(req);
      const attempt = changeThrottle.attempt(identity.kind === 'session' ? identity.id : identity.kind);
      if (!attempt.allowed) return { right: false, retryAfter: attempt.retryAfter };
      const right = await passwdCheck(credentials.passwordHash, typed);
      if (right) attempt.succeeded();
      else {
        log.warn(`A wrong password was given from ${address}, by somebody who is logged in.`);
        onFailed(address);
      }
      return { right };
    },
    async renewSession(req, res) {
      const view = gate.view(req);
      await sessions().open(req, res, { https: gate.isHttps(view), address: view.address });
    },
    revokeAll: () => sessions().endAll(),
    loginUrl(origin) {
      const query = credentials.token === '' ? '' : `?token=${encodeURIComponent(credentials.token)}`;
      return `${origin}${baseUrl}${query}`;
    },
    close() {
      closed = true;
      apiTokens.close();
      open?.close();
    },
  };
}

async function checked(credentials: Credentials): Promise<Credentials> {
  const { passwordHash } = credentials;
  const problem = passwordHash === '' ? undefined : await passwordHashProblem(passwordHash);
  if (problem !== undefined) throw new Error(problem);
  return { ...credentials };
}

function warn({ credentials, allowOrigin, allowOriginPat, log }: AuthOptions): void {
  const { token, tokenGenerated } = credentials;
  if (token !== '' && !tokenGenerated && token.length < shortToken) {
    log.warn(
      `The configured token has only ${token.length} characters and can be guessed. Leave the option out, and one is made.`,
    );
  }
  if (allowOrigin === '*') {
    log.warn('allow_origin is "*": every web site that you visit may talk to this server.');
  }
  if (allowOrigin && allowOriginPat) {
    log.warn('allow_origin_pat is not used, because allow_origin is set.');
  }
}
