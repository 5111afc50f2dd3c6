/** `/api/server/tokens` and `/api/server/password`: what lets a program or a person in, changed while the server runs. */
import { Router, type Request, type Response } from 'express';
import { passwd, type ApiToken, type Auth, type Identity } from '../auth/index.js';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import type { ApiTokenModel, NewApiTokenModel, ServerModel } from '../protocol/rest-models.js';
import { objectBody, textField } from '../request-body.js';

/** Who keeps the password from one start to the next; the server itself only has it in memory. */
export interface PasswordKeeper {
  /** Why it cannot be changed here, in a sentence that says where it can; undefined: it can. */
  refusal(): string | undefined;
  /** @throws {Error} with a sentence; nothing was changed then */
  write(hash: string): void;
}

export interface CredentialsSource {
  auth: Pick<Auth, 'apiTokens' | 'checkPassword' | 'renewSession'>;
  /** whether a password is in force */
  hasPassword(): boolean;
  /** Puts a new hash in force: every session ends. */
  setPassword(hash: string): Promise<void>;
  keeper?: PasswordKeeper | undefined;
  log: Log;
}

export function credentialsRouter(source: CredentialsSource): Router {
  const { auth, hasPassword, setPassword, keeper, log } = source;
  const router = Router({ caseSensitive: true });

  router.get('/api/server/tokens', (_req, res) => {
    res.setHeader('Cache-Control', 'no-store');
    res.json(auth.apiTokens.list().map(tokenModel));
  });

  router.post('/api/server/tokens', (req, res) => {
    refuseOthers(res);
    const name = textField('The name of the token', objectBody(req.body)['name']) ?? '';
    const { token, ...made } = auth.apiTokens.create(name);
    log.info(`The API token "${made.name}" was made.`);
    const model: NewApiTokenModel = { ...tokenModel(made), token };
    res.setHeader('Cache-Control', 'no-store');
    res.status(201).json(model);
  });

  router.delete('/api/server/tokens/:id', (req, res) => {
    refuseOthers(res);
    if (!auth.apiTokens.revoke(req.params.id)) throw new HttpError(404, 'There is no such token any more.');
    log.info('An API token was revoked.');
    res.status(204).end();
  });

  router.put('/api/server/password', async (req, res) => {
    refuseOthers(res);
    const refusal = passwordModel(source).refusal;
    if (refusal !== null || keeper === undefined) throw new HttpError(409, refusal ?? '');
    const body = objectBody(req.body);
    const present = textField('The present password', body['current_password']) ?? '';
    const wanted = textField('The new password', body['new_password']) ?? '';
    if (hasPassword()) await checkPresent(req, res, present);
    const hash = await hashOf(wanted);
    try {
      keeper.write(hash);
    } catch (error) {
      throw new HttpError(409, `${(error as Error).message} The password is the same as before.`);
    }
    if (body['revoke_tokens'] === true) auth.apiTokens.revokeAll();
    await setPassword(hash);
    log.info('The password was changed on a page: all sessions have ended.');
    // Whoever changed it stays, under a new session id; everybody else logs in again.
    if (identityOf(res).kind === 'session') await auth.renewSession(req, res);
    res.status(204).end();
  });

  /** To be logged in is not enough: a computer that was left unlocked must not cost its owner the server. */
  async function checkPresent(req: Request, res: Response, present: string): Promise<void> {
    const { right, retryAfter } = await auth.checkPassword(req, present);
    if (retryAfter !== undefined) {
      res.setHeader('Retry-After', String(retryAfter));
      throw new HttpError(429, `Too many wrong tries. Try again in ${retryAfter} s.`);
    }
    if (!right) throw new HttpError(400, 'The present password is wrong. Try again.', 'wrong password');
  }

  return router;
}

/** What the page says of the password: whether there is one, and why it cannot be changed here (null: it can). */
export function passwordModel({
  hasPassword,
  keeper,
}: Pick<CredentialsSource, 'hasPassword' | 'keeper'>): ServerModel['password'] {
  const refusal =
    keeper === undefined
      ? 'The program that started this server keeps its password: change it there.'
      : (keeper.refusal() ?? null);
  return { set: hasPassword(), refusal };
}

export function tokenModel({ id, name, created, used }: ApiToken): ApiTokenModel {
  return {
    id,
    name,
    created: new Date(created).toISOString(),
    used: used === undefined ? null : { time: new Date(used.time).toISOString(), address: used.address },
  };
}

/** A token that got into the wrong hands must not make itself a second one, or keep its owner out. */
function refuseOthers(res: Response): void {
  const identity = identityOf(res);
  if (identity.kind === 'anonymous') {
    throw new HttpError(
      409,
      'This server asks nobody for a password or token (both are empty in its configuration): set one there first.',
    );
  }
  if (identity.apiToken !== undefined) {
    throw new HttpError(
      403,
      'An API token does not change tokens and passwords. Log in with the password or the token of the server.',
    );
  }
}

function identityOf(res: Response): Identity {
  return res.locals['identity'] as Identity;
}

async function hashOf(password: string): Promise<string> {
  try {
    return await passwd(password, 'argon2');
  } catch (error) {
    // Empty or far too long; the message says which.
    if (error instanceof RangeError) throw new HttpError(400, error.message);
    throw error;
  }
}
