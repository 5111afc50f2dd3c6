/**
 * The connection test: what the server says of how requests reach it, what a client observed, and which fault between
 * the two that means. The page and `nbserver doctor` share it.
 */

/** `GET api/connection` (ours). */
export interface ConnectionModel {
  version: string;
  base_url: string;
  /** how the request looked from the server: */
  scheme: 'http' | 'https';
  host: string;
  address: string;
  /** whether pages of the asked origin (`?origin=`) may use the server */
  origin_allowed: boolean;
  /** what became of the websocket of this test (`?test=`): it arrived, arrived as a plain request, or never did */
  socket: 'upgraded' | 'plain' | null;
  /** ISO 8601 UTC */
  time: string;
}

/** What our server says of itself; undefined when it is something else that answered, a page of the proxy for example. */
export function connectionModel(answer: unknown): ConnectionModel | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { base_url, origin_allowed } = answer as Partial<ConnectionModel>;
  return typeof base_url === 'string' && typeof origin_allowed === 'boolean'
    ? (answer as ConnectionModel)
    : undefined;
}

/** What a client saw, in the order in which it looks. Later fields are absent when an earlier one makes them pointless. */
export interface ConnectionFacts {
  /** the address that people use, with a slash at its end */
  url: string;
  /** nobody answered; a sentence or code */
  unreachable?: string;
  /** why the certificate is not trusted, as OpenSSL names it; programs only, browsers do not tell */
  certificate?: string;
  /** of `GET api/connection` */
  answer?: { status: number; server?: ConnectionModel; message: string; location?: string };
  /** milliseconds by which the clock of the server is ahead */
  clock?: number;
  /** status and message: what a program could read of a refusal */
  socket?: { state: 'open' | 'failed'; status?: number; message?: string; seen?: ConnectionModel['socket'] };
  /** seconds after which a silent websocket was cut; undefined: it stayed */
  idleCut?: number;
  /** the first upload that failed, and the largest that passed. Bytes */
  upload?: { failed: number; status: number; passed: number };
  /** answers wait in the proxy until they are complete (see `isHeldBack`) */
  heldBack?: boolean;
}

export type FaultName =
  | 'unreachable'
  | 'certificate'
  | 'host'
  | 'origin'
  | 'scheme'
  | 'prefix'
  | 'login'
  | 'upgrade'
  | 'idle'
  | 'body'
  | 'buffering'
  | 'clock'
  | 'unknown';

export interface Fault {
  name: FaultName;
  /** what is wrong, in one sentence or two */
  problem: string;
  /** what to do */
  advice: string;
  /** a proxy is to be set up otherwise: worth showing how (proxy-snippets.ts) */
  proxy: boolean;
}

/** The server itself sends something on each websocket this often. Seconds */
export const OWN_PING = 30;
/** Sizes of the uploads that are tried, in bytes: a notebook, a chunk of an upload, a notebook with pictures. */
export const UPLOADS: readonly number[] = [256 * 1024, 6 * 1024 * 1024, 24 * 1024 * 1024];
/** How long the two halves of the streamed answer are apart, and how late the first may be. ms */
export const STREAM_PAUSE = 1500;
const LATE = 1000;
/** First halves of the streamed answer, in bytes. */
const STREAM_SIZES = { small: 16, large: 12_000 } as const;
export const LARGEST_STREAM = STREAM_SIZES.large;
/** Names of nginx and its descendants in `Server`. */
const BUFFERING = /nginx|openresty|tengine/i;
const CLOCK_SKEW = 5 * 60_000;

/**
 * Whether the proxy holds answers back. A few bytes alone prove nothing: proxies written in Go (Caddy, Traefik) pass on what
 * fills their 4 kB for writing, which no download notices. Where nginx holds them back, it buffers whole answers.
 *
 * @param halves  asks for two halves of so many bytes; resolves with the ms that came to lie between them, and the
 *   header `Server` of the answer
 */
export async function isHeldBack(
  halves: (bytes: number) => Promise<{ pause: number; server: string }>,
): Promise<boolean> {
  const isLate = async (bytes: number, fromAny: boolean) => {
    // A busy computer may be late by itself, but not every time.
    for (let tries = 0; tries < 3; tries += 1) {
      const { pause, server } = await halves(bytes);
      if (STREAM_PAUSE - pause < LATE || !(fromAny || BUFFERING.test(server))) return false;
    }
    return true;
  };
  return (await isLate(STREAM_SIZES.small, false)) || (await isLate(STREAM_SIZES.large, true));
}

/**
 * @param client  who looked: what to do about a login differs
 * @returns the faults, the first cause first; empty when all is well
 */
export function faultsOf(facts: ConnectionFacts, client: 'command' | 'browser' = 'command'): Fault[] {
  const faults: Fault[] = [];
  if (facts.unreachable !== undefined) {
    return [
      {
        name: 'unreachable',
        problem: `Nothing answers at ${facts.url} (${facts.unreachable}).`,
        advice: 'Check that the server (and the proxy in front of it) runs, the port, and the firewall.',
        proxy: false,
      },
    ];
  }
  if (facts.certificate !== undefined) faults.push(certificateFault(facts.url, facts.certificate));
  const { answer } = facts;
  if (answer === undefined) return faults;
  const { server } = answer;
  if (server === undefined) return [...faults, answerFault(facts.url, answer, client)];

  const url = new URL(facts.url);
  if (server.base_url !== url.pathname) faults.push(prefixFault(url.pathname, server.base_url));
  if (!server.origin_allowed) faults.push(originFault(url, server));
  else if (facts.socket?.state === 'failed') faults.push(socketFault(url, facts.socket));
  if (facts.idleCut !== undefined) {
    faults.push({
      name: 'idle',
      problem: `A websocket on which nothing was said was cut off after ${Math.round(facts.idleCut)} s.`,
      advice:
        `The server says something on each websocket every ${OWN_PING} s. Let the proxy keep silent connections ` +
        'longer than that, best for an hour.',
      proxy: true,
    });
  }
  if (facts.upload !== undefined) faults.push(uploadFault(facts.upload));
  if (facts.heldBack === true) {
    faults.push({
      name: 'buffering',
      problem: 'The proxy holds answers back until they are complete.',
      advice: 'Downloads then begin late and large ones fill its disk. Turn its buffering off.',
      proxy: true,
    });
  }
  if (facts.clock !== undefined && Math.abs(facts.clock) > CLOCK_SKEW) {
    const minutes = Math.round(Math.abs(facts.clock) / 60_000);
    faults.push({
      name: 'clock',
      problem: `The clock of the server is ${minutes} minutes ${facts.clock > 0 ? 'ahead of' : 'behind'} this one.`,
      advice: 'Logins and certificates go by the clock: set it by NTP (timedatectl set-ntp true).',
      proxy: false,
    });
  }
  return faults;
}

const CERTIFICATES: Record<string, string> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet (or the clock is wrong)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was made for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed, so nobody else vouches for it',
  SELF_SIGNED_CERT_IN_CHAIN: 'the authority that signed it is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its authority is not known here, or the certificate between them is not sent',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its authority is not known here, or the certificate between them is not sent',
};

function certificateFault(url: string, code: string): Fault {
  return {
    name: 'certificate',
    problem:
      `The certificate of ${new URL(url).host} is not trusted: ${CERTIFICATES[code] ?? code}. Browsers show a warning ` +
      'for the page, and some (Safari, iPad) then refuse its websockets: kernels never connect.',
    advice:
      'Trust it on your devices ("nbserver certificate" says how), or use one from an authority, with its whole chain ' +
      '(fullchain.pem).',
    proxy: false,
  };
}

/** Something answered, but not with what our server says. */
function answerFault(
  url: string,
  answer: NonNullable<ConnectionFacts['answer']>,
  client: 'command' | 'browser',
): Fault {
  const { status, message, location } = answer;
  const { pathname } = new URL(url);
  if (status === 403 && message.includes('does not answer to the name')) {
    const name = /name "([^"]*)"/.exec(message)?.[1] ?? '';
    return {
      name: 'host',
      problem: `The server refuses the Host "${name}", which it does not know as its own.`,
      advice: `Start it with --public-url=${url}, and let the proxy pass on the Host that the browser asked for.`,
      proxy: true,
    };
  }
  if (status === 403 || status === 401) {
    return {
      name: 'login',
      problem: `The server wants a login or another token: ${message}`,
      advice:
        client === 'browser'
          ? 'This browser is not logged in any more. Log in in another tab, and test again.'
          : 'Give the token of this server with --token, or run the command as the user who started it.',
      proxy: false,
    };
  }
  const lostPrefix = pathname !== '/' && (status === 404 || (status >= 300 && status < 400));
  if (lostPrefix && (message.includes('/api/connection') || location !== undefined)) {
    return prefixFault(pathname, '/');
  }
  return {
    name: 'unknown',
    problem: `What answers at ${url} is not this server (status ${status}).`,
    advice:
      status === 502 || status === 503 || status === 504
        ? 'The proxy does not reach the server: compare the port in its configuration with the one that nbserver printed.'
        : `Check that the address is right, that base_url is ${pathname}, and that the server is up to date.`,
    proxy: status >= 502,
  };
}

function prefixFault(outside: string, inside: string): Fault {
  return {
    name: 'prefix',
    problem: `People ask for ${outside}, and the proxy passes that on as ${inside}: links and redirects lead nowhere.`,
    advice: `Start the server with --base-url=${outside}, and let the proxy pass the path on as it is.`,
    proxy: true,
  };
}

function originFault(url: URL, server: ConnectionModel): Fault {
  const scheme = url.protocol.slice(0, -1);
  if (server.host === url.host && server.scheme !== scheme) {
    return {
      name: 'scheme',
      problem: `People use ${scheme}, and the server believes that they use ${server.scheme}: it refuses their changes and websockets.`,
      advice: `Start it with --public-url=${url.href}, or let the proxy send X-Forwarded-Proto and name it in trusted_proxies.`,
      proxy: true,
    };
  }
  return {
    name: 'origin',
    problem: `The server is asked as "${server.host}" and refuses pages of ${url.origin}: the proxy does not pass on the Host.`,
    advice: `Start it with --public-url=${url.href}, or let the proxy pass on the Host that the browser asked for.`,
    proxy: true,
  };
}

function socketFault(url: URL, socket: NonNullable<ConnectionFacts['socket']>): Fault {
  const { status, seen } = socket;
  // A browser tells nothing of why; what the server saw does.
  if (status === undefined && seen === null && url.protocol === 'https:') {
    return {
      name: 'certificate',
      problem:
        'Websockets do not even reach the server, while pages do. With a certificate that is not trusted, some browsers ' +
        '(Safari, iPad) refuse websockets; a proxy in the browser or system may swallow them, too.',
      advice:
        'Trust the certificate on this device ("nbserver certificate" says how), and exclude this address from the proxy ' +
        'settings of the browser.',
      proxy: false,
    };
  }
  const got =
    seen === 'plain' || status === 426
      ? 'arrive as plain requests'
      : `fail${status ? ` (status ${status})` : ''}`;
  return {
    name: 'upgrade',
    problem: `Websockets ${got}: something on the way drops the header "Upgrade". Kernels and terminals cannot connect.`,
    advice: 'Let the proxy speak HTTP/1.1 to the server and pass on the headers Upgrade and Connection.',
    proxy: true,
  };
}

function uploadFault({ failed, status, passed }: NonNullable<ConnectionFacts['upload']>): Fault {
  const mega = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(bytes < 1024 * 1024 ? 2 : 0)} MB`;
  return {
    name: 'body',
    problem:
      `A request of ${mega(failed)} is refused (status ${status}), while ${passed === 0 ? 'none' : mega(passed)} passes: ` +
      'saving large notebooks and uploads will fail.',
    advice: "Raise the proxy's limit for request bodies to what max_body_size of the server allows (512 MB).",
    proxy: true,
  };
}
