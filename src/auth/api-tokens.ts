/**
 * Named tokens for programs, each revocable by itself, for all servers of one user.
 *
 * A folder (0700) holds one file (0600) for each, called by the SHA-256 of the token, so that who finds it in a backup
 * cannot log in with it: 256 random bits need no slow hash. That file alone decides, and is never written a second time:
 * a token is revoked by whoever removes it, another server or `nbserver token revoke`, and nothing that is written
 * later can bring it back. When it was last used stands in a second file.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
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
  /** what its owner calls it; no two have one name */
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
const most = 100;
/** A program that asks all the time does not write a file each time. ms */
const usedGranularity = 60_000;
/** How soon connections end whose token was revoked by another process. ms */
const lookInterval = 1_000;

export class ApiTokens {
  readonly #log: Log;
  readonly #directory: string;
  readonly #now: () => number;
  readonly #revoked = new ListenerSet<[id: string]>();
  readonly #noted = new Map<string, number>();
  readonly #sockets = new BoundSockets();
  #looking: NodeJS.Timeout | undefined;

  constructor(options: ApiTokensOptions) {
    this.#log = options.log ?? silentLog;
    this.#directory = join(options.stateDirectory, 'api-tokens');
    this.#now = options.now ?? Date.now;
  }

  /**
   * @returns the token itself, which is kept nowhere and cannot be shown again
   * @throws {HttpError} 400 for a name that cannot be used, 409 for one that is taken or when there are too many
   */
  create(name: string): ApiToken & { token: string } {
    const clean = name.trim();
    if (clean === '' || clean.length > longestName || /\p{C}/u.test(clean)) {
      throw new HttpError(400, `The name of a token has 1 to ${longestName} characters on one line.`);
    }
    const tokens = this.list();
    if (tokens.some((each) => each.name === clean)) {
      throw new HttpError(409, `There is a token named "${clean}". Choose another name, or revoke that one.`);
    }
    if (tokens.length >= most) {
      throw new HttpError(409, `There are ${most} tokens. Revoke those that nobody uses any more.`);
    }
    const token = `nbs_${randomBytes(32).toString('base64url')}`;
    const id = idOf(token);
    const created = this.#now();
    makePrivateDirectory(this.#directory);
    writePrivateFile(this.#file(id), JSON.stringify({ version: 1, name: clean, created }));
    return { id, name: clean, created, token };
  }

  /** The one that was made last first. */
  list(): ApiToken[] {
    const ids = namesIn(this.#directory).flatMap((name) => /^([\da-f]{64})\.json$/.exec(name)?.[1] ?? []);
    return ids.flatMap((id) => this.#read(id) ?? []).sort((a, b) => b.created - a.created);
  }

  /** Ends a token with its connections. False: there is no such token. */
  revoke(id: string): boolean {
    if (!/^[\da-f]{64}$/.test(id) || !existsSync(this.#file(id))) return false;
    rmSync(this.#file(id), { force: true });
    rmSync(this.#usedFile(id), { force: true });
    this.#end(id);
    return true;
  }

  revokeAll(): void {
    for (const { id } of this.list()) this.revoke(id);
  }

  /** Which of the tokens that a request presents is one of ours and still valid: its id. */
  find(presented: readonly string[]): string | undefined {
    return presented
      .filter((token) => form.test(token))
      .map(idOf)
      .find((id) => this.isValid(id));
  }

  isValid(id: string): boolean {
    return existsSync(this.#file(id));
  }

  /** Notes a use, for the owner who wonders which tokens are still needed. */
  use(id: string, address: string): void {
    const time = this.#now();
    if (time - (this.#noted.get(id) ?? -Infinity) < usedGranularity) return;
    this.#noted.set(id, time);
    try {
      writePrivateFile(this.#usedFile(id), JSON.stringify({ time, address }));
    } catch (error) {
      // A full disk keeps nobody out.
      this.#log.warn(`The last use of an API token cannot be stored: ${String(error)}`);
    }
  }

  /** Ties an open connection to the token that let it in: it ends with it, whoever revokes it. */
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
    for (const id of ids) if (!this.isValid(id)) this.#end(id);
    if (ids.length === 0) this.close();
  }

  #end(id: string): void {
    this.#noted.delete(id);
    this.#revoked.emit(this.#log, id);
    this.#sockets.end(id);
  }

  #read(id: string): ApiToken | undefined {
    const saved = readObject(this.#file(id));
    if (saved === undefined) return undefined;
    const { name, created } = saved;
    const known = typeof name === 'string' && typeof created === 'number';
    const used = readObject(this.#usedFile(id));
    return {
      id,
      // A damaged file still lets its token in, so that its owner must see it and can revoke it.
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

/** An empty object stands for a file that holds something else; undefined: there is none. */
function readObject(path: string): Readonly<Record<string, unknown>> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Damaged: the caller says what that means.
    return {};
  }
}
