/**
 * The end of a very long `stream` message, without parsing the rest. A kernel that prints without end sends a hundred megabytes
 * at once, of which a cell keeps the last part alone: to parse all of it would hold the server up for seconds.
 */

/** `left`: UTF-16 units of the text in front of `text`. */
export interface EndOfStream {
  name: 'stdout' | 'stderr';
  text: string;
  left: number;
}

/** As Python writes a stream; the order of the names is what kernels have in common. */
const HEAD = /^\{\s*"name":\s*"(stdout|stderr)",\s*"text":\s*"/;
const LONGEST_HEAD = 60;
/** Bytes of JSON that one UTF-16 unit takes at most: `\u00e9`. */
const MOST_BYTES = 6;

const [QUOTE, BACKSLASH, SMALL_N, SMALL_U, BRACE] = [0x22, 0x5c, 0x6e, 0x75, 0x7d];

/**
 * @param content  JSON of a `stream` message
 * @param least    how much of the text is needed, in UTF-16 units
 * @returns undefined when it is not longer than that, or not of the usual form: it is to be parsed as a whole
 */
export function endOfStream(content: Uint8Array, least: number): EndOfStream | undefined {
  const [head, name] = HEAD.exec(latin1(content.subarray(0, LONGEST_HEAD))) ?? [];
  const end = content.length - 2;
  if (head === undefined || content[end] !== QUOTE || content[end + 1] !== BRACE) return undefined;
  const from = end - least * MOST_BYTES;
  if (from <= head.length) return undefined;
  const cut = behindLineEnd(content, from, end);
  if (cut === undefined) return undefined;
  let text: unknown;
  try {
    text = JSON.parse(
      Buffer.from(content.subarray(cut - 1, end + 1))
        .fill('"', 0, 1)
        .toString('utf8'),
    );
  } catch {
    return undefined; // something stands behind the text: whoever parses all of it finds out
  }
  if (typeof text !== 'string' || text.length < least) return undefined;
  return { name: name === 'stderr' ? 'stderr' : 'stdout', text, left: unitsIn(content, head.length, cut) };
}

/** Where an escaped line end ends: never within a character or an escape. */
function behindLineEnd(bytes: Uint8Array, from: number, end: number): number | undefined {
  for (let at = from; at < end - 1; at += 1) {
    if (bytes[at] !== BACKSLASH) continue;
    let first = at;
    while (bytes[first - 1] === BACKSLASH) first -= 1;
    // Backslashes come in pairs, but for the one that begins an escape.
    if ((at - first) % 2 === 0 && bytes[at + 1] === SMALL_N) return at + 2;
  }
  return undefined;
}

/** UTF-16 units of a piece of a JSON string. */
function unitsIn(bytes: Uint8Array, from: number, to: number): number {
  let units = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === BACKSLASH) {
      units += 1;
      at += bytes[at + 1] === SMALL_U ? 5 : 1;
    } else if (byte < 0x80 || byte >= 0xc0) {
      units += byte >= 0xf0 ? 2 : 1;
    }
  }
  return units;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
