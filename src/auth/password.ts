/**
 * Password hashes in the forms that IPython and Jupyter write, so that a hash moves between their config files and ours.
 *
 *     sha1:SALT:DIGEST                      hex(sha1(utf8(passphrase) + ascii(SALT))), the classic `passwd()`
 *     <hashlib name>:SALT:DIGEST            the same with sha256, sha512, …
 *     argon2:$argon2id$v=19$m=…,t=…,p=…$…   `argon2:` and a PHC string, Jupyter's default since 2021
 *     scrypt:$scrypt$ln=…,r=…,p=…$…$…       ours, written only where the argon2 package does not load
 */
import { createHash, getHashes, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

import { limitConcurrency } from '../limit-concurrency.js';

export type PasswordAlgorithm = 'sha1' | 'argon2';

/** Longer passphrases are refused before anything is computed. Bytes of UTF-8. */
export const maxPassphraseBytes = 1024;

/** A key derivation takes 10–16 MB and several threads; more than this many wait for their turn. */
const derive = limitConcurrency(4);

/** Jupyter's own parameters (10 MiB, 10 passes, 8 lanes), so that its servers and ours agree on strength and cost. */
const argon2Options = { algorithm: 2, memoryCost: 10240, timeCost: 10, parallelism: 8, outputLen: 32 };
const scryptOptions = { ln: 14, r: 8, p: 1 };

/**
 * Hashes a passphrase for the `password` option.
 *
 * @param algorithm  `sha1` gives what the classic `passwd()` gave; `argon2` is much harder to guess from a stolen file
 * @returns `sha1:<12 hex>:<40 hex>` or `argon2:$argon2id$…` (`scrypt:…` on machines where argon2 does not load)
 * @throws {RangeError} when the passphrase is empty or longer than 1024 bytes
 */
export async function passwd(passphrase: string, algorithm: PasswordAlgorithm = 'sha1'): Promise<string> {
  if (passphrase === '')
    throw new RangeError('The password is empty. Choose one with at least one character.');
  if (isTooLong(passphrase)) {
    throw new RangeError(`The password is longer than ${maxPassphraseBytes} bytes. Choose a shorter one.`);
  }
  if (algorithm === 'sha1') {
    const salt = randomBytes(6).toString('hex');
    return `sha1:${salt}:${saltedDigest('sha1', passphrase, salt).toString('hex')}`;
  }
  const argon2 = await loadArgon2();
  if (argon2) return `argon2:${await derive(() => argon2.hash(passphrase, argon2Options))}`;
  return `scrypt:${await derive(() => scryptHash(passphrase))}`;
}

/**
 * Tells whether a passphrase belongs to a hash. Never throws: a hash that cannot be read fits no passphrase
 * (`passwordHashProblem` says why, at start, to the person who can change it).
 */
export async function passwdCheck(hash: string, passphrase: string): Promise<boolean> {
  if (isTooLong(passphrase)) return false;
  const [algorithm, rest] = splitOnce(hash);
  if (algorithm === 'argon2') {
    const argon2 = await loadArgon2();
    if (!argon2) return false;
    return derive(() => argon2.verify(rest, passphrase)).catch(() => false);
  }
  if (algorithm === 'scrypt') return derive(() => scryptVerify(rest, passphrase));
  const salted = parseSalted(hash);
  if (!salted) return false;
  const expected = saltedDigest(salted.algorithm, passphrase, salted.salt);
  return expected.length === salted.digest.length && timingSafeEqual(expected, salted.digest);
}

/**
 * Says what is wrong with a configured hash: a sentence, or undefined when passwords can be checked against it.
 * The commonest mistake is the password itself where its hash belongs.
 */
export async function passwordHashProblem(hash: string): Promise<string | undefined> {
  const [algorithm, rest] = splitOnce(hash);
  if (algorithm === 'argon2') {
    if (!/^\$argon2(id|i|d)\$(v=\d+\$)?m=\d+,t=\d+,p=\d+\$[^$]+\$[^$]+$/.test(rest)) return notAHash;
    if (await loadArgon2()) return undefined;
    return (
      'The configured password is an argon2 hash, and the optional package @node-rs/argon2 does not load here. ' +
      'Run "nbserver passwd --write" on this machine to make a hash that it can check.'
    );
  }
  if (algorithm === 'scrypt') return parseScrypt(rest) ? undefined : notAHash;
  return parseSalted(hash) ? undefined : notAHash;
}

const notAHash =
  'The password option does not hold a password hash. Run "nbserver passwd" and copy what it prints, for example ' +
  '"sha1:0e112c3ddfce:a68d…", or let "nbserver passwd --write" store it.';

function isTooLong(passphrase: string): boolean {
  return Buffer.byteLength(passphrase, 'utf8') > maxPassphraseBytes;
}

function splitOnce(hash: string): [algorithm: string, rest: string] {
  const colon = hash.indexOf(':');
  return colon < 0 ? ['', hash] : [hash.slice(0, colon), hash.slice(colon + 1)];
}

/** Passphrase first, then salt: the order of IPython's `passwd_check`. */
function saltedDigest(algorithm: string, passphrase: string, salt: string): Buffer {
  return createHash(algorithm).update(passphrase, 'utf8').update(salt, 'utf8').digest();
}

interface SaltedHash {
  /** as node:crypto calls it */
  algorithm: string;
  salt: string;
  digest: Buffer;
}

function parseSalted(hash: string): SaltedHash | undefined {
  const [name, rest] = splitOnce(hash);
  const [salt, hex] = splitOnce(rest);
  const algorithm = nodeHashName(name);
  if (!algorithm || !rest.includes(':') || !/^([0-9a-f]{2})+$/i.test(hex)) return undefined;
  const digest = Buffer.from(hex, 'hex');
  // A cut-off copy of a hash is not a hash.
  if (digest.length !== createHash(algorithm).digest().length) return undefined;
  return { algorithm, salt, digest };
}

/** Python's hashlib name → OpenSSL's name in Node; undefined when Node has no such hash of fixed length. */
function nodeHashName(name: string): string | undefined {
  const renamed: Record<string, string> = { blake2b: 'blake2b512', blake2s: 'blake2s256' };
  const wanted = Object.hasOwn(renamed, name) ? renamed[name] : name.replace(/^(sha3)_/, '$1-');
  if (!wanted || wanted.startsWith('shake') || !getHashes().includes(wanted)) return undefined;
  return wanted;
}

async function scryptHash(passphrase: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await scryptKey(passphrase, { ...scryptOptions, salt, length: 32 });
  const { ln, r, p } = scryptOptions;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(key)}`;
}

async function scryptVerify(phc: string, passphrase: string): Promise<boolean> {
  const parsed = parseScrypt(phc);
  if (!parsed) return false;
  const key = await scryptKey(passphrase, { ...parsed, length: parsed.key.length });
  return timingSafeEqual(key, parsed.key);
}

function parseScrypt(
  phc: string,
): { ln: number; r: number; p: number; salt: Buffer; key: Buffer } | undefined {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/-]+)\$([\w+/-]{22,128})$/.exec(phc);
  if (!match) return undefined;
  const [ln = 0, r = 0, p = 0] = match.slice(1, 4).map(Number);
  // 128 · 2^20 · 8 bytes is a gigabyte: whatever asks for more is a mistake, not a hash of ours.
  if (ln < 1 || ln > 20 || r < 1 || r > 8 || p < 1) return undefined;
  return {
    ln,
    r,
    p,
    salt: Buffer.from(match[4] ?? '', 'base64'),
    key: Buffer.from(match[5] ?? '', 'base64'),
  };
}

function scryptKey(
  passphrase: string,
  { ln, r, p, salt, length }: { ln: number; r: number; p: number; salt: Buffer; length: number },
): Promise<Buffer> {
  const N = 2 ** ln;
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, length, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/** The parts of @node-rs/argon2 that we use. */
interface Argon2 {
  hash(passphrase: string, options: typeof argon2Options): Promise<string>;
  verify(hash: string, passphrase: string): Promise<boolean>;
}

let argon2: Promise<Argon2 | undefined> | undefined;

/** An optional dependency with native code: loaded on first use, and absent on platforms without a prebuilt binary. */
function loadArgon2(): Promise<Argon2 | undefined> {
  argon2 ??= import('@node-rs/argon2').then(
    (module) => module as Argon2,
    () => undefined,
  );
  return argon2;
}
