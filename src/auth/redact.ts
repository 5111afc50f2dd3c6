/**
 * Takes secrets out of what goes to a log: the one redactor, for URLs, headers and free text.
 * Jupyter's servers leaked tokens by Referer and by nested `next=` addresses (GHSA-c3mw-737p-c7g2, CVE-2022-24757).
 */

const replacement = '[secret]';
/** Characters that a log keeps of one value. */
const maxLength = 200;
/** Characters that are looked at: what is cut off has no place in a line of 200. Any client may send 16 kB. */
const maxExamined = 8 * maxLength;
/** How often the value of a parameter may be encoded, and how many addresses may lie in one another. */
const maxDepth = 4;

const secretName = /token|xsrf|password|passwd|secret|^(auth|key|code|state)$/i;
const secretHeaders = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-xsrftoken',
  'x-csrftoken',
]);
/** Headers worth a log line. What is not named here is left out. */
const loggedHeaders = new Set([
  'accept',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'if-modified-since',
  'if-none-match',
  'origin',
  'range',
  'referer',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'x-scheme',
]);

/** An address or request target as it may be logged: no credentials, no secret parameters, also in nested addresses. */
export function redactUrl(url: string): string {
  return forLog(withoutSecrets(url.slice(0, maxExamined)));
}

/** The headers that help in a log; secret ones are named with `[secret]`, so that one sees that they were sent. */
export function redactHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (value === undefined) continue;
    if (secretHeaders.has(lower)) out[lower] = replacement;
    else if (loggedHeaders.has(lower)) {
      out[lower] = redactText(typeof value === 'string' ? value : value.join(', '));
    }
  }
  return out;
}

/** Any text from outside: secrets of the forms `token=…`, `Bearer …`, `password: …` are taken out. */
export function redactText(text: string): string {
  const cleaned = text
    .slice(0, maxExamined)
    .replace(/\b(bearer|token|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${replacement}`)
    .replace(/\S*[=:@]\S*/g, (word) => withoutSecrets(word));
  return forLog(cleaned);
}

/** One line of at most 200 characters, control characters escaped. */
export function forLog(value: string): string {
  const cut = value.length > maxLength ? `${value.slice(0, maxLength)}…` : value;
  return cut.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function withoutSecrets(text: string, depth = 0): string {
  // `?`, `&`, `;` and `#` all may begin a parameter for someone who reads the address.
  return text
    .replace(/(:\/\/)[^/?#\s]*@/g, `$1${replacement}@`)
    .replace(/([^?&;#\s]*?)=([^&;#]*)/g, (all, name: string, value: string) => {
      if (secretName.test(decode(name))) return `${name}=${replacement}`;
      const decoded = decodeFully(value);
      if (decoded === undefined || depth === maxDepth) return value === '' ? all : `${name}=${replacement}`;
      const clean = withoutSecrets(decoded, depth + 1);
      if (clean === decoded) return all;
      return `${name}=${decoded === value ? clean : encodeURIComponent(clean)}`;
    });
}

/** An address may hold an address that holds one; undefined when it is encoded more often than anyone does in earnest. */
function decodeFully(text: string): string | undefined {
  let current = text;
  for (let depth = 0; depth <= maxDepth; depth++) {
    const next = decode(current);
    if (next === current) return current;
    current = next;
  }
  return undefined;
}

/** Only ASCII, which is all that hides a name or a separator; a broken escape beside it must not hide them either. */
function decode(text: string): string {
  return text
    .replace(/\+/g, ' ')
    .replace(/%([0-7][\da-f])/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
