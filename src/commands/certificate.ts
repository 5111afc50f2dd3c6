/** `nbserver certificate`: makes a self-signed certificate, or shows the one in force, and says how to trust it. */
import { existsSync } from 'node:fs';
import { chmod, lstat } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { resolve } from 'node:path';
import { expandHome } from '../config/index.js';
import { silentLog } from '../log.js';
import {
  autoDirectory,
  autoFile,
  loadTls,
  makeCertificate,
  maxDays,
  writePrivately,
  type CertificateInfo,
} from '../tls/index.js';
import { messageOf } from '../message-of.js';
import { CommandError } from './command.js';
import type { Command } from './command.js';
import { settingsOf, shownPath, type FileChoice } from './configuration-file.js';

interface Args extends FileChoice {
  show: boolean;
  hostname: string[];
  out: string;
  days: number;
  force: boolean;
}

export const certificateCommand: Command<Args> = {
  command: 'certificate',
  describe: 'Make a self-signed certificate for https',
  builder: (yargs) =>
    yargs
      .option('hostname', {
        type: 'string',
        array: true,
        requiresArg: true,
        default: [],
        describe:
          'A name or address that people type, besides those of this computer; may be given several times',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        default: 'mycert.pem',
        describe: 'The file to write: key and certificate in one',
      })
      .option('days', {
        type: 'number',
        requiresArg: true,
        default: maxDays,
        describe: `Valid so long, at most ${maxDays}`,
      })
      .option('force', { type: 'boolean', default: false, describe: 'Replace the file if it exists' })
      .option('show', {
        type: 'boolean',
        default: false,
        describe: 'Make none: say how to trust the one that the server has',
      })
      .option('profile', {
        type: 'string',
        requiresArg: true,
        describe: 'With --show: the profile of the server',
      })
      .option('config', {
        type: 'string',
        requiresArg: true,
        describe: 'With --show: its configuration file',
      }),
  handler: async ({ hostname: names, out, days, force, show, ...choice }) => {
    if (show) {
      console.log(await certificateInForce(choice));
      return;
    }
    const file = resolve(expandHome(out, homedir()));
    if (existsSync(file) && !force) {
      throw new CommandError(
        `${out} exists. Give another file with --out, or --force to replace it (everyone has to trust the new one).`,
      );
    }
    const made = await makeCertificate({ hostnames: names, days }).catch((error: Error) => {
      throw new CommandError(error.message);
    });
    await write(file, made.pem);
    console.log(
      `Wrote ${file} (private key and certificate; keep it to yourself)\n\n${factsOf(made)}\n\n` +
        `Use it:\n\n  nbserver --certfile=${quoted(file)}\n\n${trustMessage(file, names[0] ?? hostname())}`,
    );
  },
};

async function write(file: string, pem: string): Promise<void> {
  try {
    if (existsSync(file) && !(await lstat(file)).isFile())
      throw new CommandError(`${file} is not a plain file.`);
    await writePrivately(file, pem);
    await chmod(file, 0o600);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${file} cannot be written: ${(error as Error).message}`);
  }
}

/** The certificate of the server with these settings: a file, or the one that it made for itself. */
async function certificateInForce(choice: FileChoice): Promise<string> {
  const { settings, directories } = settingsOf(choice);
  const { certfile, keyfile } = settings;
  // `--public` on the command line makes one, too, and no file says so.
  const isAuto = certfile === '' || certfile === 'auto';
  const file = isAuto ? autoFile(autoDirectory(directories.state)) : certfile;
  if (isAuto && !existsSync(file))
    throw new CommandError(
      'The server has no certificate yet: "nbserver --public" and --certfile=auto make one at the first start.',
    );
  const tls = await loadTls({
    certfile: file, // as a file: shown, and never made anew
    ...(isAuto || keyfile === '' ? {} : { keyfile }),
    log: silentLog,
  }).catch((error: unknown) => {
    throw new CommandError(messageOf(error));
  });
  tls.close();
  const [name] = tls.info.names;
  const shown = `The certificate of this server: ${shownPath(file)}\n\n${factsOf(tls.info)}`;
  return tls.info.selfSigned ? `${shown}\n\n${trustMessage(file, name ?? hostname())}` : shown;
}

type Facts = Pick<CertificateInfo, 'fingerprint256' | 'validTo' | 'names'>;

function factsOf({ fingerprint256, validTo, names }: Facts): string {
  return `  SHA-256 fingerprint  ${fingerprint256}
  valid until          ${validTo.toISOString().slice(0, 10)}
  good for             ${names.join(', ')}`;
}

/** What to compare, and how to get rid of the warning. */
function trustMessage(file: string, host: string): string {
  const certificate = (file.split('/').at(-1) ?? file).replace(/\.pem$/, '') + '.crt';
  return `A browser warns the first time, because nobody else vouches for this certificate. Compare the fingerprint that it shows
with the one above, then go on. To be asked no more, trust it on your own devices. They need the certificate without
the key:

  openssl x509 -in ${quoted(file)} -out ${quoted(certificate)}

  Linux    (Chrome)  certutil -d sql:$HOME/.pki/nssdb -A -t P,, -n ${host} -i ${quoted(certificate)}
                     (certutil is in the package libnss3-tools)
           (system)  sudo cp ${quoted(certificate)} /usr/local/share/ca-certificates/ && sudo update-ca-certificates
  macOS    sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${quoted(certificate)}
  Windows  certutil -addstore -user Root ${quoted(certificate)}
  iOS      mail it to the device, install the profile, then switch it on under
           Settings > General > About > Certificate Trust Settings
  Android  Settings > Security > Encryption & credentials > Install a certificate > CA certificate
  Firefox  open the address, then Advanced > Accept the Risk and Continue: Firefox keeps the exception

Safari and iPad connect only when the certificate is trusted and the address is a name in it, such as ${host}.`;
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
