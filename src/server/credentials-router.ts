/** `/api/server/tokens` and `/api/server/password`: what lets a program or a person in, changed while the server runs. */
import { Router, type Request, type Response } from 'express';
import { passwd, type ApiToken, type Auth, type Identity } from '../auth/index.js';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import type {
  ApiTokenModel,
  NewApiTokenModel,
  PasswordChangeModel,
  ServerModel,
} from '../protocol/rest-models.js';
import { objectBody, textField } from '../request-body.js';

/** Who keeps the password from one start to the next; the server itself only has it in memory. */
export interface PasswordKeeper {
  /** Why it cannot be changed here, in a sentence that says where it can; undefined: it can. */
  refusal(): string | undefined;
  /** @throws {Error} with a sentence; nothing was changed then */
  write(hash: string): void;
}

export interface CredentialsSource {
  auth: Pick<Auth, 'apiTokens' | 'checkPassword' | 'renewSession' | 'logins'>;
  /** the hash in force, `''` when there is none */
  passwordHash(): string;
  /** Puts a new hash in force: every session ends. */
  setPassword(hash: string): Promise<void>;
  keeper?: PasswordKeeper | undefined;
  log: Log;
}

export function credentialsRouter(source: CredentialsSource): Router {
  const { auth, passwordHash, setPassword, keeper, log } = source;
  const router = Router({ caseSensitive: true });
  /** One at a time: of two who know the old password, the second has to know the new one of the first. */
  let isChanging = false;

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
    if (isChanging) throw new HttpError(409, 'The password is being changed right now. Try again.');
    isChanging = true;
    try {
      await change(req, res, keeper, { present, wanted });
    } finally {
      isChanging = false;
    }
    const left = body['revoke_tokens'] === true ? auth.apiTokens.revokeAll() : [];
    // Whoever changed it stays, under a new session id; everybody else logs in again.
    if (identityOf(res).kind === 'session') await auth.renewSession(req, res);
    if (left.length === 0) return void res.status(204).end();
    const model: PasswordChangeModel = { tokens_left: left.map(({ name }) => name) };
    res.json(model);
  });

  async function change(
    req: Request,
    res: Response,
    keeper: PasswordKeeper,
    { present, wanted }: { present: string; wanted: string },
  ): Promise<void> {
    const before = passwordHash();
    if (before !== '') await checkPresent(req, res, present);
    const hash = await hashOf(wanted);
    // Both took their time: the configuration file may have brought another password, the owner may have ended this login.
    if (passwordHash() !== before || !isStillIn(res)) {
      throw new HttpError(
        409,
        'The password or this login was changed meanwhile. Reload the page and try again.',
      );
    }
    try {
      keeper.write(hash);
    } catch (error) {
      throw new HttpError(409, `${(error as Error).message} The password is the same as before.`);
    }
    await setPassword(hash);
    log.info('The password was changed on a page: all sessions have ended.');
  }

  function isStillIn(res: Response): boolean {
    const identity = identityOf(res);
    return identity.kind !== 'session' || auth.logins().some(({ id }) => id === identity.id);
  }

  /** To be logged in is not enough: a computer that was left unlocked must not cost its owner the server. */
  async function checkPresent(req: Request, res: Response, present: string): Promise<void> {
    const { right, retryAfter } = await auth.checkPassword(req, identityOf(res), present);
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
  passwordHash,
  keeper,
}: Pick<CredentialsSource, 'passwordHash' | 'keeper'>): ServerModel['password'] {
  const refusal =
    keeper === undefined
      ? 'The program that started this server keeps its password: change it there.'
      : (keeper.refusal() ?? null);
  return { set: passwordHash() !== '', refusal };
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
export function refuseOthers(res: Response): void {
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
      'An API token does not change tokens, passwords and logins. Log in with the password or the token of the server.',
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
