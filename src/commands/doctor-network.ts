/** Looks at a server through the address that people use, as a browser would, and writes down what it sees. */
import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import WebSocket from 'ws';
import { hostAllowed } from '../auth/index.js';
import {
  connectionModel,
  isHeldBack,
  UPLOADS,
  type ConnectionFacts,
  type ConnectionModel,
} from '../protocol/connection-test.js';

export interface Target {
  /** with a slash at its end */
  url: string;
  /** headers that log in: `Authorization`, or `Cookie` and `X-XSRFToken` */
  credential: Readonly<Record<string, string>>;
  /** seconds for which a silent websocket is watched; 0: not at all */
  idle: number;
  /** certificates that are trusted besides the system's, PEM; for tests */
  ca?: string | Buffer;
  /** unix socket on which the server listens, in place of the host of `url` */
  socketPath?: string;
}

export interface Seen {
  facts: ConnectionFacts;
  /** the header `Server` of what answered */
  software: string | undefined;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** milliseconds from the start until the first byte of the body, and until its end */
  first: number;
  end: number;
}

/** ms without a byte */
const PATIENCE = 30_000;

export async function lookThrough(target: Target): Promise<Seen> {
  const facts: ConnectionFacts = { url: target.url };
  const visit = new Visit(target);
  let answer: Answer;
  try {
    answer = await visit.askTrusting(facts);
  } catch (error) {
    if (facts.certificate === undefined) facts.unreachable = codeOf(error);
    return { facts, software: undefined };
  }
  const [software] = [answer.headers['server']].flat();
  facts.answer = {
    status: answer.status,
    message: messageOf(answer.body),
    ...locationOf(answer),
    ...serverOf(answer),
  };
  const { server } = facts.answer;
  if (server === undefined) return { facts, software };
  facts.clock = Date.parse(server.time) - Date.now();
  facts.socket = await visit.openSocket();
  const upload = await visit.largestUpload();
  if (upload !== undefined) facts.upload = upload;
  facts.heldBack = await visit.heldBack();
  if (facts.socket.state === 'open' && target.idle > 0) {
    const cut = await visit.idleCut(target.idle);
    if (cut !== undefined) facts.idleCut = cut;
  }
  return { facts, software };
}

/** One run of the test: the same credential and trust on every request. */
class Visit {
  readonly #target: Target;
  readonly #test = randomUUID();
  readonly #origin: string;
  #trusting = false;

  constructor(target: Target) {
    this.#target = target;
    this.#origin = new URL(target.url).origin;
  }

  /**
   * The first question. A certificate that is not trusted is written down. On this machine it goes on without; elsewhere
   * it ends there, because the credential would go to whoever stands in between.
   */
  async askTrusting(facts: ConnectionFacts): Promise<Answer> {
    const path = `api/connection?origin=${encodeURIComponent(this.#origin)}`;
    try {
      return await this.ask(path);
    } catch (error) {
      const code = codeOf(error);
      if (!isCertificateCode(code)) throw error;
      facts.certificate = code;
      if (this.#target.socketPath === undefined && !(await isThisMachine(this.#target.url))) throw error;
      this.#trusting = true;
      return this.ask(path);
    }
  }

  ask(path: string, options: { method?: string; body?: Buffer } = {}): Promise<Answer> {
    const { method = 'GET', body } = options;
    const { url, credential, socketPath } = this.#target;
    const address = new URL(path, url);
    const send = address.protocol === 'https:' ? httpsRequest : httpRequest;
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const req = send(
        address,
        {
          method,
          headers: {
            ...credential,
            Accept: 'application/json',
            ...(method === 'GET' ? {} : { Origin: this.#origin, 'Content-Type': 'application/octet-stream' }),
            ...(body === undefined ? {} : { 'Content-Length': body.length }),
          },
          ...this.#tls,
          ...(socketPath === undefined ? {} : { socketPath }),
          timeout: PATIENCE,
          agent: false,
        },
        (res) => {
          let text = '';
          let first = 0;
          res.setEncoding('utf8').on('data', (data: string) => {
            first ||= performance.now() - started;
            text += data;
          });
          res.on('end', () =>
            resolve({
              status: res.statusCode ?? 0,
              headers: res.headers,
              body: text,
              first,
              end: performance.now() - started,
            }),
          );
          res.on('error', reject);
        },
      );
      req.on('timeout', () => req.destroy(new Error(`no answer within ${PATIENCE / 1000} s`)));
      req.on('error', reject);
      req.end(body);
    });
  }

  async openSocket(): Promise<NonNullable<ConnectionFacts['socket']>> {
    const socket = this.#connect();
    const result = await opened(socket);
    socket.terminate();
    if (result.state === 'open') return result;
    const answer = await this.ask(`api/connection?test=${this.#test}`).catch(() => undefined);
    return { ...result, seen: answer === undefined ? null : (serverOf(answer).server?.socket ?? null) };
  }

  /** Seconds until a websocket on which nobody speaks is cut; undefined when it stays for `seconds`. */
  async idleCut(seconds: number): Promise<number | undefined> {
    const socket = this.#connect();
    if ((await opened(socket)).state !== 'open') return undefined;
    const started = performance.now();
    const over = new AbortController();
    const cut = new Promise<number>((resolve) =>
      socket.once('close', () => resolve((performance.now() - started) / 1000)),
    );
    const stays = wait(seconds * 1000, undefined, { signal: over.signal }).catch(() => undefined);
    const result = await Promise.race([cut, stays]);
    over.abort();
    socket.removeAllListeners('close');
    socket.terminate();
    return result;
  }

  heldBack(): Promise<boolean> {
    return isHeldBack(async (bytes) => {
      const { first, end, headers } = await this.ask(`api/connection/stream?bytes=${bytes}`);
      return { pause: end - first, server: String(headers.server ?? '') };
    });
  }

  async largestUpload(): Promise<ConnectionFacts['upload']> {
    let passed = 0;
    for (const bytes of UPLOADS) {
      const answer = await this.ask('api/connection/upload', {
        method: 'POST',
        body: Buffer.alloc(bytes),
      }).catch(() => undefined); // a proxy may close the connection in the middle of what it does not take
      if (answer?.status !== 200) return { failed: bytes, status: answer?.status ?? 0, passed };
      passed = bytes;
    }
    return undefined;
  }

  #connect(): WebSocket {
    const { url, credential, socketPath } = this.#target;
    const address = new URL(`api/connection/socket?test=${this.#test}`, url);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address, {
      origin: this.#origin,
      headers: { ...credential },
      handshakeTimeout: PATIENCE,
      ...(socketPath === undefined ? {} : { socketPath }),
      ...(address.protocol === 'wss:' ? { agent: new HttpsAgent(this.#tls) } : {}),
    });
    socket.on('error', () => undefined); // told by `opened`
    return socket;
  }

  get #tls(): { rejectUnauthorized: boolean; ca?: string | Buffer } {
    const { ca } = this.#target;
    return { rejectUnauthorized: !this.#trusting, ...(ca === undefined ? {} : { ca }) };
  }
}

/** By the address, not by the name: what is sent to an own address leaves the machine for nobody. */
export async function isThisMachine(url: string): Promise<boolean> {
  const addresses = await lookup(new URL(url).hostname.replace(/^\[|\]$/g, ''), { all: true });
  const own = { any: false, names: new Set<string>() };
  return addresses.every(({ address }) => hostAllowed(address.includes(':') ? `[${address}]` : address, own));
}

function opened(socket: WebSocket): Promise<NonNullable<ConnectionFacts['socket']>> {
  return new Promise((resolve) => {
    socket.once('open', () => resolve({ state: 'open' }));
    socket.once('unexpected-response', (_req, res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (data: string) => (text += data));
      res.on('end', () =>
        resolve({ state: 'failed', status: res.statusCode ?? 0, message: messageOf(text) }),
      );
    });
    socket.once('close', () => resolve({ state: 'failed' }));
  });
}

function locationOf({ headers: { location } }: Answer): { location?: string } {
  return typeof location === 'string' ? { location } : {};
}

/** What our server says of itself; empty when it is something else that answered. */
function serverOf({ status, body }: Answer): { server?: ConnectionModel } {
  if (status !== 200) return {};
  try {
    const server = connectionModel(JSON.parse(body));
    return server === undefined ? {} : { server };
  } catch {
    return {}; // a page of the proxy
  }
}

/** The sentence of an answer: ours are JSON; of others the beginning. */
function messageOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // not ours: a page
  }
  return body
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return code === '' ? error.message : code;
}

function isCertificateCode(code: string): boolean {
  return /CERT|UNABLE_TO_|ALTNAME|SELF_SIGNED/.test(code);
}
