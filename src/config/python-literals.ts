/**
 * Reads Python literals (strings, numbers, True, False, None, lists, tuples, dicts) as JSON values. Nothing is ever
 * evaluated: whatever is not a literal is refused.
 */

export class NotALiteral extends Error {}

/** @throws NotALiteral with a phrase that says what it met: `a name or a call (os)` */
export function parsePythonLiteral(source: string): unknown {
  const reader = new Reader(source);
  const value = reader.value();
  reader.end();
  return value;
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
};

class Reader {
  private at = 0;

  constructor(private readonly source: string) {}

  value(): unknown {
    this.space();
    const char = this.source[this.at] ?? '';
    if (char === '[') return this.items('[', ']');
    if (char === '(') return this.tupleOrGroup();
    if (char === '{') return this.dict();
    if (/^[uUrR]?['"]/.test(this.source.slice(this.at))) return this.strings();
    const word = /^[A-Za-z_]\w*/.exec(this.source.slice(this.at))?.[0];
    if (word !== undefined) return this.constant(word);
    return this.number();
  }

  /** Only a comment may follow. */
  end(): void {
    this.space();
    if (this.at < this.source.length) throw new NotALiteral('an expression');
  }

  private constant(word: string): unknown {
    const constants: Record<string, unknown> = { True: true, False: false, None: null };
    if (!Object.hasOwn(constants, word)) throw new NotALiteral(`a name or a call (${word})`);
    this.at += word.length;
    return constants[word];
  }

  private number(): number {
    const rest = this.source.slice(this.at);
    const text =
      /^[+-]?(0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][+-]?\d+)?)/.exec(
        rest,
      )?.[0];
    if (text === undefined) throw new NotALiteral(rest === '' ? 'nothing' : 'an expression');
    this.at += text.length;
    const digits = text.replaceAll('_', '');
    const value = digits.startsWith('-') ? -Number(digits.slice(1)) : Number(digits.replace(/^\+/, ''));
    if (!Number.isFinite(value)) throw new NotALiteral('a number that JSON cannot hold');
    return value;
  }

  /** Adjacent strings are one string, as in Python. */
  private strings(): string {
    let text = '';
    for (;;) {
      const opening = /^([uUrR]?)('''|"""|'|")/.exec(this.source.slice(this.at));
      if (opening === null) return text;
      const [all, prefix = '', quote = ''] = opening;
      this.at += all.length;
      text += this.stringBody(quote, prefix.toLowerCase() === 'r');
      this.space();
    }
  }

  private stringBody(quote: string, raw: boolean): string {
    let text = '';
    while (!this.source.startsWith(quote, this.at)) {
      const char = this.source[this.at];
      if (char === undefined || (char === '\n' && quote.length === 1))
        throw new NotALiteral('a string without an end');
      if (char === '\\') text += this.escape(raw);
      else {
        text += char;
        this.at += 1;
      }
    }
    this.at += quote.length;
    return text;
  }

  private escape(raw: boolean): string {
    const next = this.source[this.at + 1] ?? '';
    if (raw) {
      this.at += 2;
      return `\\${next}`;
    }
    const code = /^\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3}))/.exec(
      this.source.slice(this.at),
    );
    if (code !== null) {
      this.at += code[0].length;
      const hex = code[1] ?? code[2] ?? code[3];
      return String.fromCodePoint(hex === undefined ? parseInt(code[4] ?? '0', 8) : parseInt(hex, 16));
    }
    this.at += 2;
    return escapes[next] ?? `\\${next}`;
  }

  private items(open: string, close: string): unknown[] {
    const list: unknown[] = [];
    this.expect(open);
    while (!this.accept(close)) {
      list.push(this.value());
      if (!this.accept(',')) {
        this.expect(close);
        break;
      }
    }
    return list;
  }

  /** `(1, 2)` is a list in JSON; `(1)` is just 1, and `("a" "b")` how long strings are written. */
  private tupleOrGroup(): unknown {
    const start = this.at;
    const list = this.items('(', ')');
    const grouped = list.length === 1 && !/,\s*\)$/.test(this.source.slice(start, this.at));
    return grouped ? list[0] : list;
  }

  private dict(): Record<string, unknown> {
    const pairs: [string, unknown][] = [];
    this.expect('{');
    while (!this.accept('}')) {
      const key = this.value();
      if (typeof key !== 'string') throw new NotALiteral('a dict whose keys are not strings');
      if (!this.accept(':')) throw new NotALiteral('a set');
      pairs.push([key, this.value()]);
      if (!this.accept(',')) {
        this.expect('}');
        break;
      }
    }
    return Object.fromEntries(pairs);
  }

  private accept(token: string): boolean {
    this.space();
    if (!this.source.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  private expect(token: string): void {
    if (!this.accept(token)) throw new NotALiteral('an expression');
  }

  private space(): void {
    const gap = /^(?:\s|#[^\n]*|\\\n)*/.exec(this.source.slice(this.at));
    this.at += gap?.[0].length ?? 0;
  }
}
