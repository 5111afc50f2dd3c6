/**
 * Keeps the browser sessions of express-session in one small file (0600), so that logins survive a restart.
 *
 * The file names sessions by the SHA-256 of their ids: who finds it in a backup cannot log in with it. It belongs to one
 * generation of the credentials; a changed password makes all of it void, also between two runs of the server.
 * Held in memory, written after changes only.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync, renameSync } from 'node:fs';

import session from 'express-session';
import type { SessionData } from 'express-session';

import type { Log } from '../log.js';

export interface SessionStoreOptions {
  file: string;
  /** fingerprint of the credentials that the sessions were opened with */
  generation: string;
  /** tells that a session ended, by its public id */
  onEnd: (id: string) => void;
  log: Log;
  /** milliseconds, for tests */
  now?: () => number;
}

interface Entry {
  /** JSON of express-session's data */
  data: string;
  /** milliseconds */
  created: number;
  used: number;
}

export const idleLifetime = 24 * 3_600_000;
export const fullLifetime = 14 * 24 * 3_600_000;
export const maxSessions = 1000;
/** Use is noted this exactly, so that a busy page does not write the file all the time. */
const usedGranularity = 5 * 60_000;
const writeDelay = 100;
const sweepInterval = 10 * 60_000;

export class SessionStore extends session.Store {
  readonly #options: SessionStoreOptions;
  readonly #now: () => number;
  readonly #sessions: Map<string, Entry>;
  /** open websockets of each session; a session in use does not fall idle */
  readonly #held = new Map<string, number>();
  readonly #sweeper: NodeJS.Timeout;
  #generation: string;
  #pendingWrite: NodeJS.Timeout | undefined;
  #writeFailed = false;

  constructor(options: SessionStoreOptions) {
    super();
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#generation = options.generation;
    this.#sessions = this.#read();
    this.#sweeper = setInterval(() => this.sweep(), sweepInterval).unref();
  }

  override get(sid: string, callback: (error: unknown, data?: SessionData | null) => void): void {
    const id = sessionId(sid);
    const entry = this.#sessions.get(id);
    if (entry && this.#isOver(id, entry)) {
      this.end(id);
      callback(null, null);
    } else callback(null, entry ? (JSON.parse(entry.data) as SessionData) : null);
  }

  override set(sid: string, data: SessionData, callback?: (error?: unknown) => void): void {
    const id = sessionId(sid);
    const now = this.#now();
    const created = this.#sessions.get(id)?.created ?? now;
    this.#sessions.delete(id);
    this.#sessions.set(id, { data: JSON.stringify(data), created, used: now });
    this.#evict();
    this.#write();
    callback?.();
  }

  override touch(sid: string, _data: SessionData, callback?: () => void): void {
    this.#use(sessionId(sid));
    callback?.();
  }

  override destroy(sid: string, callback?: (error?: unknown) => void): void {
    this.end(sessionId(sid));
    callback?.();
  }

  /** Keeps a session from falling idle as long as one of its websockets is open. */
  hold(id: string): { release(): void } {
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        const left = (this.#held.get(id) ?? 1) - 1;
        if (left > 0) this.#held.set(id, left);
        else this.#held.delete(id);
        this.#use(id);
      },
    };
  }

  /** False: there is no such session. */
  end(id: string): boolean {
    if (!this.#sessions.delete(id)) return false;
    this.#write();
    this.#options.onEnd(id);
    return true;
  }

  /** The living sessions by their public ids, the one that was used last first. */
  list(): { id: string; data: SessionData; created: number; used: number }[] {
    this.sweep();
    const all = [...this.#sessions].map(([id, { data, created, used }]) => ({
      id,
      data: JSON.parse(data) as SessionData,
      created,
      used: this.#held.has(id) ? this.#now() : used,
    }));
    return all.sort((a, b) => b.used - a.used);
  }

  endAll(): void {
    for (const id of [...this.#sessions.keys()]) this.end(id);
  }

  /** Ends all sessions when the credentials are others than before. */
  setGeneration(generation: string): void {
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.endAll();
    this.#write();
  }

  /** Ends the sessions that are too old. */
  sweep(): void {
    for (const [id, entry] of [...this.#sessions]) if (this.#isOver(id, entry)) this.end(id);
  }

  close(): void {
    clearInterval(this.#sweeper);
    if (this.#pendingWrite) this.#writeNow();
  }

  #isOver(id: string, { created, used }: Entry): boolean {
    const now = this.#now();
    return now - created > fullLifetime || (now - used > idleLifetime && !this.#held.has(id));
  }

  #use(id: string): void {
    const entry = this.#sessions.get(id);
    // Absent: logged out by another page meanwhile. It stays so (CVE-2021-41247).
    if (!entry || this.#now() - entry.used < usedGranularity) return;
    entry.used = this.#now();
    this.#sessions.delete(id);
    this.#sessions.set(id, entry);
    this.#write();
  }

  /** The map is in the order of last use: its first one is the one that nobody misses. */
  #evict(): void {
    for (const id of this.#sessions.keys()) {
      if (this.#sessions.size <= maxSessions) return;
      this.end(id);
    }
  }

  #read(): Map<string, Entry> {
    const { file, log } = this.#options;
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        log.warn(
          `The browser sessions in ${file} cannot be read (${String(error)}). Everyone logs in again.`,
        );
      }
      return new Map();
    }
    const saved = parse(text);
    if (!saved) log.warn(`${file} is damaged and is not used. Everyone logs in again.`);
    return saved?.generation === this.#generation ? saved.sessions : new Map<string, Entry>();
  }

  #write(): void {
    this.#pendingWrite ??= setTimeout(() => this.#writeNow(), writeDelay).unref();
  }

  #writeNow(): void {
    clearTimeout(this.#pendingWrite);
    this.#pendingWrite = undefined;
    const { file, log } = this.#options;
    const text = JSON.stringify({
      version: 1,
      generation: this.#generation,
      sessions: Object.fromEntries(this.#sessions),
    });
    const draft = `${file}.${randomBytes(6).toString('hex')}`;
    try {
      writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
      renameSync(draft, file);
      this.#writeFailed = false;
    } catch (error) {
      // Everything goes on in memory; only a restart would ask for the password again.
      if (!this.#writeFailed) log.warn(`The browser sessions cannot be stored in ${file}: ${String(error)}`);
      this.#writeFailed = true;
    }
  }
}

/** The name of a session that is no secret: the store, the log and websockets know it by this. */
export function sessionId(sid: string): string {
  return createHash('sha256').update(sid).digest('base64url');
}

function parse(text: string): { generation: string; sessions: Map<string, Entry> } | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Said by the caller.
    return undefined;
  }
  if (
    !isRecord(json) ||
    json.version !== 1 ||
    typeof json.generation !== 'string' ||
    !isRecord(json.sessions)
  ) {
    return undefined;
  }
  const entries = Object.entries(json.sessions);
  if (!entries.every((entry): entry is [string, Entry] => isEntry(entry[1]))) return undefined;
  return { generation: json.generation, sessions: new Map(entries) };
}

function isEntry(value: unknown): value is Entry {
  return (
    isRecord(value) &&
    typeof value.data === 'string' &&
    typeof value.created === 'number' &&
    typeof value.used === 'number'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
