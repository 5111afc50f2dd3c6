/**
 * What Jupyter trusts: notebooks whose digest stands in its database, made with its secret (nbformat 5, `sign.py`). Both
 * are read and never written.
 */
import { createHmac, getHashes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../message-of.js';
import { packageFile } from '../../package-files.js';
import { joinCell } from '../../notebook/cell-format.js';
import { JsonNumber, parseExact, type ExactValue } from '../../notebook/json-values.js';
import { compareCodePoints } from '../../notebook/json-writer.js';
import { isObject, type JsonObject, type NotebookFile } from '../../notebook/index.js';
import type { Log } from '../../log.js';

export class JupyterSignatures {
  readonly #database: string;
  readonly #secretFile: string;
  readonly #log: Log;
  /** size and time of the database as it was read */
  #state = '';
  #secret: Buffer = Buffer.alloc(0);
  /** by algorithm, as Python calls it */
  #known = new Map<string, Set<string>>();

  /** @param directory  Jupyter's data directory */
  constructor(directory: string, log: Log) {
    this.#database = join(directory, 'nbsignatures.db');
    this.#secretFile = join(directory, 'notebook_secret');
    this.#log = log;
  }

  /** Another one when the database changed. */
  get state(): string {
    return this.#state;
  }

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** Reads the database when it changed. What cannot be read is trusted by nobody. */
  async refresh(): Promise<void> {
    try {
      const { size, mtimeMs } = await stat(this.#database);
      const state = `${size} ${mtimeMs}`;
      if (state === this.#state) return;
      this.#known = new Map();
      this.#state = state;
      this.#secret = await readFile(this.#secretFile);
      this.#known = await readDatabase(this.#database);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      this.#log.warn(
        `Jupyter's record of trusted notebooks cannot be read (${this.#database}): ${messageOf(error)}. Its notebooks count as not trusted; nbserver trust FILE trusts one here.`,
      );
    }
  }

  /** @param pause  called between the cells */
  async knows(file: NotebookFile, pause: () => Promise<void>): Promise<boolean> {
    // Jupyter signs an old notebook in its old form
    if (file.upgradedFrom !== undefined) return false;
    for (const [algorithm, signatures] of this.#known) {
      const name = opensslName(algorithm);
      if (name === undefined) continue;
      const hmac = createHmac(name, this.#secret);
      await feedNotebook(file, (text) => hmac.update(text, 'utf8'), pause);
      if (signatures.has(hmac.digest('hex'))) return true;
    }
    return false;
  }
}

/** Python's names of algorithms differ from OpenSSL's in a few: `sha3_256`, `blake2b`. */
function opensslName(algorithm: string): string | undefined {
  const wanted = { blake2b: 'blake2b512', blake2s: 'blake2s256' }[algorithm] ?? algorithm.replace('_', '-');
  return getHashes().find((name) => name.toLowerCase() === wanted);
}

async function readDatabase(path: string): Promise<Map<string, Set<string>>> {
  const { default: initSqlJs } = await import('sql.js');
  const SQL = await initSqlJs({ wasmBinary: new Uint8Array(await readFile(wasmFile())).buffer });
  const database = new SQL.Database(await readFile(path));
  try {
    const known = new Map<string, Set<string>>();
    const rows = database.prepare('SELECT algorithm, signature FROM nbsignatures');
    while (rows.step()) {
      const [algorithm, signature] = rows.get();
      if (typeof algorithm !== 'string' || typeof signature !== 'string') continue;
      const signatures = known.get(algorithm) ?? new Set();
      known.set(algorithm, signatures.add(signature));
    }
    rows.free();
    return known;
  } finally {
    database.close();
  }
}

/** Beside the built program, or in the package that the build takes it from. */
function wasmFile(): string {
  const built = packageFile('dist', 'sql-wasm.wasm');
  return existsSync(built) ? built : packageFile('node_modules', 'sql.js', 'dist', 'sql-wasm.wasm');
}

/** Names that Jupyter takes out of the metadata before it signs. */
const UNSIGNED = ['signature', 'orig_nbformat', 'orig_nbformat_minor'];

/** The notebook as Jupyter has it in memory, depth first and with sorted names, each scalar as Python's `str` gives it. */
async function feedNotebook(
  file: NotebookFile,
  update: (text: string) => void,
  pause: () => Promise<void>,
): Promise<void> {
  const fields = new Map(file.layout.fields.map(({ name, value }) => [name, value]));
  for (const name of [...fields.keys()].sort(compareCodePoints)) {
    update(name);
    const bytes = fields.get(name);
    if (bytes !== undefined) {
      const value = parseExact(bytes) as JsonObject | ExactValue;
      feed(name === 'metadata' && isObject(value) ? without(value, UNSIGNED) : value, update);
      continue;
    }
    for (const cell of file.cells) {
      const joined = joinCell(parseExact(cell.bytes) as JsonObject);
      const { metadata } = joined;
      feed(isObject(metadata) ? { ...joined, metadata: without(metadata, ['trusted']) } : joined, update);
      await pause();
    }
  }
}

function without(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !names.includes(key)));
}

function feed(value: unknown, update: (text: string) => void): void {
  if (Array.isArray(value)) for (const item of value) feed(item, update);
  else if (isObject(value)) {
    for (const key of Object.keys(value).sort(compareCodePoints)) {
      update(key);
      feed(value[key], update);
    }
  } else update(pythonText(value));
}

function pythonText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof JsonNumber) return pythonNumber(value.text);
  if (typeof value === 'number') return pythonNumber(String(value));
  return value === true ? 'True' : value === false ? 'False' : 'None';
}

/** Python's `str` of what its `json` makes of a number: `1.0`, `1e-05`, `1e+22`, `inf`; whole numbers of any length. */
export function pythonNumber(text: string): string {
  if (/^-?\d+$/.test(text)) return BigInt(text).toString();
  const number = Number(text);
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf';
  if (Object.is(number, -0)) return '-0.0';
  const [mantissa = '', exponent = '0'] = number.toExponential().split('e');
  const power = Number(exponent);
  if (number !== 0 && (power < -4 || power >= 16)) {
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  // below 1e16 and from 1e-4 on JavaScript writes no exponent either
  const plain = String(number);
  return plain.includes('.') ? plain : `${plain}.0`;
}
