/**
 * Finds where each value of a JSON text stands, without building the values: objects and arrays down to a chosen level
 * become nodes with byte ranges, everything below is checked and skipped.
 *
 * Strict like Python's `json` (which wrote most notebooks): it takes NaN, Infinity and -Infinity, and refuses raw control
 * characters in strings. Nesting beyond 1,000 levels is refused, as a recursive reader elsewhere would not survive it.
 *
 * It is long because it is one machine over one position in the bytes: parts of it in other modules would share nothing else,
 * and every call across them would cost notebooks of hundreds of megabytes time.
 */

export interface ObjectNode {
  kind: 'object';
  /** first byte, and the byte after the last */
  start: number;
  end: number;
  /** in the order of the text, repeated keys included; undefined below the level that was asked for */
  fields: FieldNode[] | undefined;
}
export interface FieldNode {
  key: string;
  keyStart: number;
  value: JsonNode;
}
export interface ArrayNode {
  kind: 'array';
  start: number;
  end: number;
  items: JsonNode[] | undefined;
}
export interface ScalarNode {
  kind: 'string' | 'number' | 'true' | 'false' | 'null';
  start: number;
  end: number;
}
export type JsonNode = ObjectNode | ArrayNode | ScalarNode;

/** Where and why a text is not JSON. `message` reads "line 12, column 3: …"; both count from 1. */
export class JsonError extends Error {
  constructor(
    readonly problem: string,
    readonly line: number,
    readonly column: number,
  ) {
    super(`line ${line}, column ${column}: ${problem}`);
    this.name = 'JsonError';
  }
}

export const MAX_DEPTH = 1000;

/** Keeps U+FEFF at the start of a string, which a plain TextDecoder would drop. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws TypeError when the range is not UTF-8 */
export function decodeRange(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

/** Which objects and arrays become nodes with fields and items; what has no shape is checked and skipped. */
export interface Shape {
  field(key: string): Shape | undefined;
  item: Shape | undefined;
}

/** All levels. */
const EVERYTHING: Shape = {
  field: () => EVERYTHING,
  get item() {
    return EVERYTHING;
  },
};

/** So many levels: 1 gives the fields of the outermost object. */
export function levels(count: number): Shape | undefined {
  if (count === 0) return undefined;
  const inner = levels(count - 1);
  return { field: () => inner, item: inner };
}

/** What a scan notices besides. */
export interface ScanNotes {
  /** where NaN, Infinity and -Infinity stand: start and end of each, one behind the other */
  nonFinite: number[];
  /** the bytes were scanned before: strings are passed over without a look at what is in them */
  isChecked?: boolean;
}

/**
 * Scans one JSON text, which may begin with a byte order mark.
 *
 * @throws {JsonError}
 */
export function scanJson(
  bytes: Uint8Array,
  shape: Shape | undefined = EVERYTHING,
  notes?: ScanNotes,
): JsonNode {
  return finish(scanJsonInSteps(bytes, shape, 0, notes));
}

/**
 * The same, with a pause (`yield`) after every piece of some hundred kilobytes, so that a server can do other things
 * while it reads a large file.
 *
 * @param depth  pauses are made between the parts of the outermost so many levels
 */
export function scanJsonInSteps(
  bytes: Uint8Array,
  shape: Shape | undefined,
  depth: number,
  notes?: ScanNotes,
): Generator<void, JsonNode> {
  return new Scanner(bytes, notes).document(shape, depth);
}

/** Runs something to its end without a pause. */
export function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** How much is scanned without a pause. */
const STEP = 1 << 19;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
/** What a read past the end gives; no byte has this value. */
const END = -1;

const words: [text: string, kind: ScalarNode['kind']][] = [
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
  ['NaN', 'number'],
  ['Infinity', 'number'],
];

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #notes: ScanNotes | undefined;
  #at = 0;
  /** where the last pause was */
  #paused = 0;

  constructor(bytes: Uint8Array, notes: ScanNotes | undefined) {
    this.#bytes = bytes;
    this.#notes = notes;
  }

  *document(shape: Shape | undefined, steps: number): Generator<void, JsonNode> {
    if (this.#bytes[0] === 0xef && this.#bytes[1] === 0xbb && this.#bytes[2] === 0xbf) this.#at = 3;
    this.#space();
    const node = yield* this.#valueInSteps(shape, 0, steps);
    if (this.#space() !== END) this.#fail('there is text after the end of the JSON value');
    return node;
  }

  *#valueInSteps(shape: Shape | undefined, depth: number, steps: number): Generator<void, JsonNode> {
    const first = this.#peek();
    if (steps === 0 || (first !== OPEN_BRACE && first !== OPEN_BRACKET)) {
      const node = this.#value(shape, depth);
      if (this.#at - this.#paused > STEP) {
        this.#paused = this.#at;
        yield;
      }
      return node;
    }
    if (first === OPEN_BRACE) {
      const node = this.#openObject(shape, depth + 1);
      for (let more = !this.#isEmpty(CLOSE_BRACE); more; more = this.#another(CLOSE_BRACE, '}')) {
        const [keyStart, keyEnd] = this.#key();
        const key = nameAt(this.#bytes, keyStart, keyEnd);
        const value = yield* this.#valueInSteps(shape?.field(key), depth + 1, steps - 1);
        node.fields?.push({ key, keyStart, value });
      }
      node.end = this.#at;
      return node;
    }
    const node = this.#openArray(shape, depth + 1);
    for (let more = !this.#isEmpty(CLOSE_BRACKET); more; more = this.#another(CLOSE_BRACKET, ']')) {
      const value = yield* this.#valueInSteps(shape?.item, depth + 1, steps - 1);
      node.items?.push(value);
    }
    node.end = this.#at;
    return node;
  }

  #value(shape: Shape | undefined, depth: number): JsonNode {
    const start = this.#at;
    switch (this.#peek()) {
      case OPEN_BRACE:
        return this.#object(shape, depth + 1);
      case OPEN_BRACKET:
        return this.#array(shape, depth + 1);
      case QUOTE:
        this.#string();
        return { kind: 'string', start, end: this.#at };
      case END:
        return this.#fail('the file ends here, in the middle of the JSON text; it may have been cut off');
      default:
        return { kind: this.#scalar(), start, end: this.#at };
    }
  }

  #object(shape: Shape | undefined, depth: number): ObjectNode {
    const node = this.#openObject(shape, depth);
    for (let more = !this.#isEmpty(CLOSE_BRACE); more; more = this.#another(CLOSE_BRACE, '}')) {
      const [keyStart, keyEnd] = this.#key();
      if (shape === undefined) this.#value(undefined, depth);
      else {
        const key = nameAt(this.#bytes, keyStart, keyEnd);
        node.fields?.push({ key, keyStart, value: this.#value(shape.field(key), depth) });
      }
    }
    node.end = this.#at;
    return node;
  }

  #array(shape: Shape | undefined, depth: number): ArrayNode {
    const node = this.#openArray(shape, depth);
    for (let more = !this.#isEmpty(CLOSE_BRACKET); more; more = this.#another(CLOSE_BRACKET, ']')) {
      const value = this.#value(shape?.item, depth);
      node.items?.push(value);
    }
    node.end = this.#at;
    return node;
  }

  #openObject(shape: Shape | undefined, depth: number): ObjectNode {
    this.#enter(depth);
    return { kind: 'object', start: this.#at++, end: 0, fields: shape === undefined ? undefined : [] };
  }

  #openArray(shape: Shape | undefined, depth: number): ArrayNode {
    this.#enter(depth);
    return { kind: 'array', start: this.#at++, end: 0, items: shape === undefined ? undefined : [] };
  }

  #enter(depth: number): void {
    if (depth > MAX_DEPTH) this.#fail(`nested more than ${MAX_DEPTH} levels deep`);
  }

  /** Passes the closing bracket if it is next. */
  #isEmpty(close: number): boolean {
    if (this.#space() !== close) return false;
    this.#at++;
    return true;
  }

  /** Passes a name and its colon. @returns where the name with its quotes stands */
  #key(): [start: number, end: number] {
    const start = this.#at;
    if (this.#peek() !== QUOTE) this.#expected('a name in double quotes');
    this.#string();
    const end = this.#at;
    if (this.#space() !== COLON) this.#expected("':'");
    this.#at++;
    this.#space();
    return [start, end];
  }

  /** Passes a comma (true) or the closing bracket (false). */
  #another(close: number, sign: string): boolean {
    const next = this.#space();
    if (next !== COMMA && next !== close) this.#expected(`',' or '${sign}'`);
    this.#at++;
    if (next === close) return false;
    if (this.#space() === close) this.#fail(`a ',' before '${sign}' is one too many`);
    return true;
  }

  /** Passes a string. One plain loop over the bytes: V8 runs it at about a gigabyte a second. */
  #string(): void {
    const bytes = this.#bytes;
    const start = this.#at;
    if (this.#notes?.isChecked === true) {
      this.#at = endOfString(bytes, start);
      return;
    }
    let ascii = true;
    for (let i = start + 1; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (byte === QUOTE) {
        this.#at = i + 1;
        if (!ascii) this.#checkUtf8(start + 1, i);
        return;
      }
      if (byte === BACKSLASH) i += this.#escapeLength(i) - 1;
      else if (byte < 0x20) {
        this.#at = i;
        this.#fail(`${nameOf(byte)} inside a string; the text that begins with a quote is not closed`);
      } else if (byte > 0x7f) ascii = false;
    }
    this.#at = start;
    this.#fail('a text begins here that is not closed before the file ends; it may have been cut off');
  }

  #escapeLength(at: number): number {
    const byte = this.#bytes[at + 1];
    // " \ / b f n r t
    if (
      byte === QUOTE ||
      byte === BACKSLASH ||
      byte === 0x2f ||
      byte === 0x62 ||
      byte === 0x66 ||
      byte === 0x6e ||
      byte === 0x72 ||
      byte === 0x74
    )
      return 2;
    if (byte === 0x75) {
      let digits = 0;
      while (digits < 4 && isHexDigit(this.#bytes[at + 2 + digits])) digits++;
      if (digits === 4) return 6;
    }
    this.#at = at;
    return this.#fail(
      'a backslash inside a string must be followed by one of "\\/bfnrt or u and four hex digits',
    );
  }

  #checkUtf8(start: number, end: number): void {
    try {
      decodeRange(this.#bytes, start, end);
    } catch {
      this.#at = start;
      this.#fail('the text that begins here is not UTF-8');
    }
  }

  #scalar(): ScalarNode['kind'] {
    const start = this.#at;
    // most scalars are numbers, and letters begin words
    for (const [word, kind] of this.#peek() > 0x40 ? words : []) {
      if (!this.#passWord(word)) continue;
      if (kind === 'number') this.#notes?.nonFinite.push(start, this.#at);
      return kind;
    }
    if (this.#peek() === MINUS) {
      this.#at++;
      if (this.#passWord('Infinity')) {
        this.#notes?.nonFinite.push(start, this.#at);
        return 'number';
      }
    }
    const first = this.#peek();
    const digits = this.#digits();
    if (digits === 0) {
      this.#at = start;
      this.#expected('a value');
    }
    if (digits > 1 && first === 0x30) {
      this.#at = start;
      this.#fail('a number may not begin with 0');
    }
    if (this.#peek() === 0x2e) {
      this.#at++;
      if (this.#digits() === 0) this.#expected('a digit');
    }
    if (this.#peek() === 0x65 || this.#peek() === 0x45) {
      this.#at++;
      if (this.#peek() === 0x2b || this.#peek() === MINUS) this.#at++;
      if (this.#digits() === 0) this.#expected('a digit');
    }
    return 'number';
  }

  #digits(): number {
    const start = this.#at;
    for (let byte = this.#peek(); byte >= 0x30 && byte <= 0x39; byte = this.#peek()) this.#at++;
    return this.#at - start;
  }

  #passWord(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.#bytes[this.#at + i] !== word.charCodeAt(i)) return false;
    }
    this.#at += word.length;
    return true;
  }

  /** Skips white space and tells what comes then. */
  #space(): number {
    for (;;) {
      const byte = this.#peek();
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#at++;
    }
  }

  #peek(): number {
    return this.#bytes[this.#at] ?? END;
  }

  #expected(what: string): never {
    if (this.#peek() === END) this.#fail(`the file ends where ${what} is expected; it may have been cut off`);
    this.#fail(`expected ${what}, but found ${this.#found()}`);
  }

  #found(): string {
    const line =
      new TextDecoder().decode(this.#bytes.subarray(this.#at, this.#at + 40)).split(/[\r\n]/)[0] ?? '';
    const [character] = line;
    return character === undefined || character < ' ' ? nameOf(this.#peek()) : `'${character}'`;
  }

  #fail(problem: string): never {
    const before = this.#bytes.subarray(0, this.#at);
    let line = 1;
    let lineStart = 0;
    for (let i = before.indexOf(0x0a); i !== -1; i = before.indexOf(0x0a, i + 1)) {
      line++;
      lineStart = i + 1;
    }
    const column = [...new TextDecoder().decode(before.subarray(lineStart))].length + 1;
    throw new JsonError(problem, line, column);
  }
}

/** The byte behind a string that is known to be well formed: a native search for its closing quote. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    at = bytes.indexOf(QUOTE, at + 1);
    let escapes = 0;
    while (bytes[at - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function nameOf(byte: number): string {
  if (byte === 0x0a || byte === 0x0d) return 'a line end';
  if (byte === 0x09) return 'a tab';
  return `the control character 0x${byte.toString(16).padStart(2, '0')}`;
}

/** Names that every cell of a notebook has: to make them of bytes anew each time takes as long as the rest of a scan. */
const KNOWN_NAMES = [
  ...['id', 'cell_type', 'source', 'metadata', 'outputs', 'execution_count', 'attachments', 'cells'],
  ...['output_type', 'data', 'text', 'name', 'ename', 'evalue', 'traceback', 'tags', 'trusted', 'scrolled'],
  ...['text/plain', 'text/html', 'text/markdown', 'text/latex', 'image/png', 'image/jpeg', 'image/svg+xml'],
  ...['application/json', 'application/vnd.jupyter.widget-view+json'],
];
/** by length */
const knownNames: { name: string; bytes: Uint8Array }[][] = [];
for (const name of KNOWN_NAMES) {
  (knownNames[name.length] ??= []).push({ name, bytes: new TextEncoder().encode(name) });
}

/** As `stringAt`, of a name. */
function nameAt(bytes: Uint8Array, start: number, end: number): string {
  for (const known of knownNames[end - start - 2] ?? []) {
    let i = 0;
    while (i < known.bytes.length && known.bytes[i] === bytes[start + 1 + i]) i++;
    if (i === known.bytes.length) return known.name;
  }
  return stringAt(bytes, start, end);
}

/** The text of a string whose quotes stand at `start` and `end - 1`. The range must have been scanned. */
export function stringAt(bytes: Uint8Array, start: number, end: number): string {
  const raw = decodeRange(bytes, start + 1, end - 1);
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
}
