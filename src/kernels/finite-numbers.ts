/**
 * Replaces the numbers that JSON does not have by null. Python's `json` writes NaN, Infinity and -Infinity unless it is
 * told not to; no browser reads them, and a client would lose the whole message. Pure.
 */

const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;
const words = ['NaN', 'Infinity'].map((word) => Buffer.from(word));

/** @param json  UTF-8 text; given back as it is when there is nothing to replace, which is nearly always */
export function finiteNumbers(json: Uint8Array): Uint8Array {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.length);
  if (bytes.length < 3 || !words.some((word) => bytes.includes(word))) return json;
  const kept: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === quote) {
      at = endOfString(bytes, at);
      continue;
    }
    const word = words.find(
      (each) => each[0] === bytes[at] && each.equals(bytes.subarray(at, at + each.length)),
    );
    if (!word) continue;
    kept.push(bytes.subarray(from, bytes[at - 1] === minus ? at - 1 : at), Buffer.from('null'));
    at += word.length - 1;
    from = at + 1;
  }
  return from === 0 ? json : Buffer.concat([...kept, bytes.subarray(from)]);
}

/** Offset of the closing quote, or of the end of the text. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === backslash) at += 1;
    else if (byte === quote) return at;
  }
  return bytes.length;
}
