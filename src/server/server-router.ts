/** `/api/server`: what the owner wants to know of the server; who and what is let in. */
import { Router, type Response } from 'express';
import type { Auth } from '../auth/index.js';
import { HttpError } from '../http-error.js';
import { version } from '../package-files.js';
import type { ServerModel } from '../protocol/rest-models.js';
import type { CertificateInfo } from '../tls/index.js';
import { passwordModel, refuseOthers, tokenModel, type CredentialsSource } from './credentials-router.js';

export interface ServerSource {
  started: Date;
  store: string;
  /** of now: it may be replaced while the server runs */
  certificate(): CertificateInfo | undefined;
  /** without secrets */
  settings: ServerModel['settings'];
  auth: Pick<Auth, 'logins' | 'endLogin' | 'failedLogins' | 'apiTokens'>;
  credentials: Pick<CredentialsSource, 'passwordHash' | 'keeper'>;
}

export function serverRouter(source: ServerSource): Router {
  const { started, store, certificate, settings, auth, credentials } = source;
  const router = Router({ caseSensitive: true });

  router.get('/api/server', (_req, res) => {
    const info = certificate();
    const own = sessionOf(res);
    const model: ServerModel = {
      version,
      node: process.version,
      started: started.toISOString(),
      store,
      certificate:
        info === undefined
          ? null
          : {
              subject: info.subject,
              fingerprint256: info.fingerprint256,
              valid_to: info.validTo.toISOString(),
              self_signed: info.selfSigned,
            },
      logins: auth.logins().map(({ id, address, agent, created, used }) => ({
        id,
        address,
        agent,
        created: new Date(created).toISOString(),
        used: new Date(used).toISOString(),
        current: id === own,
      })),
      failed_logins: auth
        .failedLogins()
        .map(({ address, time }) => ({ address, time: new Date(time).toISOString() })),
      settings,
      tokens: auth.apiTokens.list().map(tokenModel),
      password: passwordModel(credentials),
    };
    res.setHeader('Cache-Control', 'no-store');
    res.json(model);
  });

  router.delete('/api/server/logins', (_req, res) => {
    refuseOthers(res);
    const own = sessionOf(res);
    for (const { id } of auth.logins()) if (id !== own) auth.endLogin(id);
    res.status(204).end();
  });

  router.delete('/api/server/logins/:id', (req, res) => {
    refuseOthers(res);
    if (!auth.endLogin(req.params.id)) throw new HttpError(404, 'This browser is not logged in any more.');
    res.status(204).end();
  });

  return router;
}

/** Id of the session of the browser that asks; undefined for tokens. */
function sessionOf(res: Response): string | undefined {
  const identity = res.locals['identity'] as { kind: string; id?: string } | undefined;
  return identity?.kind === 'session' ? identity.id : undefined;
}
