import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cleanStaleConnectionFiles } from '../../../src/kernels/index.js';
import { KernelRecords } from '../../../src/kernels/kernel-records.js';
import { silentLog } from '../../../src/log.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nbserver-records-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const own = () => join(folder, `nbserver-kernels-${process.pid}.json`);
const connectionFile = (id: string) => {
  const file = join(folder, `kernel-${id}.json`);
  writeFileSync(file, '{}');
  return file;
};
interface RecordFile {
  pid: number;
  started: string;
  kernels: { pid: number; started: string; connectionFile: string }[];
}
const readOwn = () => JSON.parse(readFileSync(own(), 'utf8')) as RecordFile;

describe('KernelRecords', () => {
  it('names the kernels of this server, and goes with the last one', () => {
    const records = new KernelRecords(folder, silentLog);
    records.set('/r/kernel-1.json', process.pid);
    expect(readOwn()).toMatchObject({ pid: process.pid, kernels: [{ connectionFile: '/r/kernel-1.json' }] });
    expect(statSync(own()).mode & 0o777).toBe(0o600);
    records.set('/r/kernel-1.json', undefined);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('cleanStaleConnectionFiles', () => {
  it('leaves alone what belongs to a running server', async () => {
    const records = new KernelRecords(folder, silentLog);
    const file = connectionFile('1');
    records.set(file, process.pid);
    expect(await cleanStaleConnectionFiles(folder)).toBe(0);
    expect(existsSync(file)).toBe(true);
  });

  it('cleans after a server that is gone, also when its process id was given out again, and ends its kernels', async () => {
    const kernel = spawn('/bin/sleep', ['100'], { detached: true, stdio: 'ignore' });
    const ended = new Promise<unknown>((resolve) => kernel.once('exit', (_code, signal) => resolve(signal)));
    const records = new KernelRecords(folder, silentLog);
    const [file, other] = [connectionFile('1'), connectionFile('of-somebody-else')];
    records.set(file, kernel.pid);
    const record = readOwn();
    // Same process id, but started at another time: not the process that wrote it.
    writeFileSync(own(), JSON.stringify({ ...record, started: '1' }));
    expect(await cleanStaleConnectionFiles(folder)).toBe(1);
    expect(await ended).toBe('SIGKILL');
    expect(existsSync(file)).toBe(false);
    expect(existsSync(own())).toBe(false);
    expect(existsSync(other)).toBe(true);
  });

  it('cleans also after one that was killed before it knew the process of its kernel', async () => {
    const records = new KernelRecords(folder, silentLog);
    const file = connectionFile('1');
    records.expect(file);
    const record = readOwn();
    expect(record.kernels).toEqual([{ connectionFile: file }]);
    records.expect('/r/kernel-2.json');
    records.set('/r/kernel-2.json', process.pid);
    records.expect('/r/kernel-2.json');
    expect(readOwn().kernels[1]).toMatchObject({ pid: process.pid });
    writeFileSync(own(), JSON.stringify({ ...record, started: '1' }));
    writeFileSync(join(folder, 'nbserver-kernels-9999999.json.new'), '{"pid": 99');
    expect(await cleanStaleConnectionFiles(folder)).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes the output and the sockets of a kernel along, and old output of others', async () => {
    const file = connectionFile('1');
    const kernels = [{ connectionFile: file, pid: 9_999_999, started: '1' }];
    writeFileSync(
      join(folder, 'nbserver-kernels-1234567.json'),
      JSON.stringify({ pid: 9_999_999, started: '1', kernels }),
    );
    const others = ['kernel-1-2.log', 'kernel-2.log', 'kernel-old.log', 'kernel-10-ipc-1', 'kernel-1.txt'];
    for (const name of ['kernel-1.log', 'kernel-1-ipc-1', 'kernel-1-ipc-5', ...others])
      writeFileSync(join(folder, name), '');
    utimesSync(join(folder, 'kernel-old.log'), 0, 0);
    await cleanStaleConnectionFiles(folder);
    expect(readdirSync(folder)).toEqual(others.filter((name) => name !== 'kernel-old.log').sort());
  });

  it('does not touch a process that only has the process id of a kernel', async () => {
    const file = connectionFile('1');
    const kernels = [{ connectionFile: file, pid: process.pid, started: '1' }];
    writeFileSync(
      join(folder, 'nbserver-kernels-1234567.json'),
      JSON.stringify({ pid: 9_999_999, started: '1', kernels }),
    );
    expect(await cleanStaleConnectionFiles(folder)).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  it('removes nothing outside its directory, whatever a record says', async () => {
    const outside = join(folder, '..', 'kernel-outside.json');
    writeFileSync(outside, '{}');
    const kernels = [
      { connectionFile: outside, pid: 9_999_999, started: '1' },
      { connectionFile: '../other.json', pid: 1, started: '1' },
    ];
    writeFileSync(
      join(folder, 'nbserver-kernels-2.json'),
      JSON.stringify({ pid: 9_999_999, started: '1', kernels }),
    );
    writeFileSync(join(folder, 'nbserver-kernels-3.json'), '{"cut sho');
    await cleanStaleConnectionFiles(folder);
    expect(existsSync(outside)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(outside);
  });

  it('does nothing where there is no directory', async () => {
    expect(await cleanStaleConnectionFiles(join(folder, 'none'))).toBe(0);
  });
});
