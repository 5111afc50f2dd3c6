/**
 * Named tokens for programs, each revocable by itself, for all servers of one user.
 *
 * A folder (0700) holds one file (0600) for each, called by the SHA-256 of the token, so that who finds it in a backup
 * cannot log in with it: 256 random bits need no slow hash. That file alone decides, and is never written a second time:
 * a token is revoked by whoever removes it, another server or `nbserver token revoke`, and nothing that is written
 * later can bring it back. When it was last used stands in a second file.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';

import { makePrivateDirectory, writePrivateFile } from '../config/index.js';
import { HttpError } from '../http-error.js';
import { ListenerSet, type Subscription } from '../listeners.js';
import { silentLog, type Log } from '../log.js';
import { BoundSockets } from './bound-sockets.js';

export interface ApiToken {
  /** names the token and is no secret */
  id: string;
  /** what its owner calls it; no two have the same */
  name: string;
  /** milliseconds since 1970 */
  created: number;
  /** the last use, exact to a minute; undefined: never */
  used?: { time: number; address: string };
}

export interface ApiTokensOptions {
  /** 0700, for state that is ours alone; made when missing */
  stateDirectory: string;
  log?: Log;
  /** milliseconds, for tests */
  now?: () => number;
}

const form = /^nbs_[\w-]{43}$/;
const longestName = 100;
/** What would break a line, or turn round what stands beside it. Joiners are letters of some scripts and of emoji. */
const unfitForNames = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u;
/** An address can hold thousands, and each is a look at the disk before anybody logged in. */
const mostPresented = 4;
const most = 100;
/** A program that asks all the time does not write a file each time. ms */
const usedGranularity = 60_000;
/** How soon connections end whose token was revoked by another process. ms */
const lookInterval = 1_000;

export class ApiTokens {
  readonly #log: Log;
  readonly #stateDirectory: string;
  readonly #directory: string;
  readonly #now: () => number;
  readonly #revoked = new ListenerSet<[id: string]>();
  readonly #noted = new Map<string, { time: number; address: string }>();
  readonly #sockets = new BoundSockets();
  #looking: NodeJS.Timeout | undefined;

  constructor(options: ApiTokensOptions) {
    this.#log = options.log ?? silentLog;
    this.#stateDirectory = options.stateDirectory;
    this.#directory = join(options.stateDirectory, 'api-tokens');
    this.#now = options.now ?? Date.now;
  }

  /**
   * @returns the token itself, which is kept nowhere and cannot be shown again
   * @throws {HttpError} 400 for a name that cannot be used, 409 for one that is taken or when there are too many
   */
  create(name: string): ApiToken & { token: string } {
    const clean = name.trim();
    if (!visible.test(clean) || clean.length > longestName || unfitForNames.test(clean)) {
      throw new HttpError(400, `The name of a token has 1 to ${longestName} characters on one line.`);
    }
    const taken = `There is a token named "${clean}". Choose another name, or revoke that one.`;
    const tokens = this.list();
    if (tokens.some((each) => each.name === clean)) throw new HttpError(409, taken);
    if (tokens.length >= most) {
      throw new HttpError(409, `There are ${most} tokens. Revoke those that nobody uses any more.`);
    }
    const token = `nbs_${randomBytes(32).toString('base64url')}`;
    const id = idOf(token);
    const created = this.#now();
    makePrivateDirectory(this.#stateDirectory);
    makePrivateDirectory(this.#directory);
    writePrivateFile(this.#file(id), JSON.stringify({ version: 1, name: clean, created }));
    // Another process may have made one in the same moment. Who sees the other steps back, and it may be that both do: were one
    // to stay because it began earlier, both would when that one wrote later.
    if (this.list().some((each) => each.name === clean && each.id !== id)) {
      this.revoke(id);
      throw new HttpError(409, taken);
    }
    return { id, name: clean, created, token };
  }

  /** The one that was made last first. */
  list(): ApiToken[] {
    const ids = namesIn(this.#directory).flatMap((name) => /^([\da-f]{64})\.json$/.exec(name)?.[1] ?? []);
    return ids.flatMap((id) => this.#read(id) ?? []).sort((a, b) => b.created - a.created);
  }

  /**
   * Ends a token with its connections. False: there is no such token.
   * @throws {HttpError} 500 when its file cannot be removed: it goes on
   */
  revoke(id: string): boolean {
    if (!/^[\da-f]{64}$/.test(id)) return false;
    try {
      unlinkSync(this.#file(id));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return false;
      throw new HttpError(
        500,
        `The token is not revoked, because ${this.#file(id)} cannot be removed (${String(code)}). Remove it by hand.`,
      );
    }
    this.#end(id);
    this.#forgetUse(id);
    return true;
  }

  /** @returns those that could not be revoked */
  revokeAll(): ApiToken[] {
    return this.list().filter(({ id }) => {
      try {
        this.revoke(id);
        return false;
      } catch (error) {
        this.#log.error(String(error));
        return true;
      }
    });
  }

  /** Which of the tokens that a request presents is one of ours and still valid: its id. */
  find(presented: readonly string[]): string | undefined {
    return presented
      .filter((token) => form.test(token))
      .slice(0, mostPresented)
      .map(idOf)
      .find((id) => this.standing(id) === 'valid');
  }

  /**
   * Only a file that is gone was revoked. `unknown`: the disk gives no answer now (a network drive, too many open files), so
   * that nobody is let in and nothing is ended.
   */
  standing(id: string): 'valid' | 'revoked' | 'unknown' {
    try {
      statSync(this.#file(id));
      return 'valid';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'revoked' : 'unknown';
    }
  }

  /** Notes a use, for the owner who wonders which tokens are still needed. */
  use(id: string, address: string): void {
    const time = this.#now();
    if (time - (this.#noted.get(id)?.time ?? -Infinity) < usedGranularity) return;
    this.#noted.set(id, { time, address });
    try {
      writePrivateFile(this.#usedFile(id), JSON.stringify({ time, address }));
    } catch (error) {
      // A full disk keeps nobody out.
      this.#log.warn(`The last use of an API token cannot be stored: ${String(error)}`);
    }
  }

  /** Ties an open connection to the token that let it in: it ends with it, whoever revokes it, and is a use until then. */
  bind(id: string, socket: Socket): void {
    this.#sockets.bind(id, socket);
    this.#looking ??= setInterval(() => this.#look(), lookInterval).unref();
  }

  /** Calls the listener with the id of each revoked token whose connections and sessions are to end. */
  onRevoked(listener: (id: string) => void): Subscription {
    return this.#revoked.add(listener);
  }

  close(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #look(): void {
    const { ids } = this.#sockets;
    for (const id of ids) {
      const standing = this.standing(id);
      if (standing === 'revoked') this.#end(id);
      const before = this.#noted.get(id);
      if (standing === 'valid' && before !== undefined) this.use(id, before.address);
    }
    if (ids.length === 0) this.close();
  }

  #end(id: string): void {
    this.#noted.delete(id);
    this.#revoked.emit(this.#log, id);
    this.#sockets.end(id);
  }

  #forgetUse(id: string): void {
    try {
      rmSync(this.#usedFile(id), { force: true });
    } catch (error) {
      // The token itself is gone, and that is what counts.
      this.#log.warn(`The last use of a revoked API token cannot be removed: ${String(error)}`);
    }
  }

  #read(id: string): ApiToken | undefined {
    const saved = readObject(this.#file(id));
    if (saved === undefined) return undefined;
    const { name, created } = saved;
    const known = typeof name === 'string' && typeof created === 'number';
    const used = readObject(this.#usedFile(id));
    return {
      id,
      // A damaged or unreadable file still lets its token in, so that its owner must see it and can revoke it.
      name: known ? name : `unnamed (${id.slice(0, 8)})`,
      created: known ? created : 0,
      ...(typeof used?.time === 'number' && typeof used.address === 'string'
        ? { used: { time: used.time, address: used.address } }
        : {}),
    };
  }

  #file(id: string): string {
    return join(this.#directory, `${id}.json`);
  }

  #usedFile(id: string): string {
    return join(this.#directory, `${id}.used`);
  }
}

function idOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // none was ever made
    throw error;
  }
}

/** An empty object stands for a file that cannot be read or holds something else; undefined: there is none. */
function readObject(path: string): Readonly<Record<string, unknown>> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : {};
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Damaged: the caller says what that means.
    return {};
  }
}
