import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  newConnection,
  releaseConnection,
  socketAddress,
  writeConnectionFile,
} from '../../../src/kernels/connection-file.js';
import { returnPorts, takePorts } from '../../../src/kernels/ports.js';

const setup = { kernelName: 'x', transport: 'tcp', socketPath: '/run/kernel-x-ipc' } as const;

describe('takePorts', () => {
  it('hands each port out once until it is returned', async () => {
    const range = { first: 62_000, last: 62_029 };
    const lists = await Promise.all([takePorts(5, '127.0.0.1', range), takePorts(5, '127.0.0.1', range)]);
    const ports = lists.flat();
    expect(new Set(ports).size).toBe(10);
    expect(ports.every((port) => port >= range.first && port <= range.last)).toBe(true);
    returnPorts(ports);
  });

  it('leaves out a port that is in use, and says which option helps when there are too few', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(takePorts(1, '127.0.0.1', { first: port, last: port })).rejects.toThrow(/kernel_port_range/);
    await new Promise((resolve) => server.close(resolve));
    expect(await takePorts(1, '127.0.0.1', { first: port, last: port })).toEqual([port]);
    returnPorts([port]);
  });
});

it('takePorts says when the system does not allow any', async () => {
  // An address that this machine does not have (TEST-NET-1) stands for whatever the system may refuse.
  const refused = takePorts(5, '192.0.2.1', { first: 62_100, last: 62_199 });
  await expect(refused).rejects.toThrow(/does not let a kernel listen.*EADDRNOTAVAIL.*kernel_port_range/);
});

describe('the connection file', () => {
  it('of ipc names sockets in a directory instead of ports', async () => {
    const ipc = await newConnection({ ...setup, transport: 'ipc' });
    expect(ipc).toMatchObject({ transport: 'ipc', ip: '/run/kernel-x-ipc', shell_port: 1, hb_port: 5 });
    expect(socketAddress(ipc, 'iopub')).toEqual({ path: '/run/kernel-x-ipc-2' });
    const long = `/run/${'x'.repeat(100)}/kernel-x-ipc`;
    const tooLong = newConnection({ ...setup, transport: 'ipc', socketPath: long });
    await expect(tooLong).rejects.toThrow(/too long.*JUPYTER_RUNTIME_DIR/);
  });

  it('has fresh ports and a fresh key, on this machine only', async () => {
    const [one, two] = [
      await newConnection(setup),
      await newConnection({ ...setup, sessionName: 'a.ipynb' }),
    ];
    expect(one).toMatchObject({
      ip: '127.0.0.1',
      transport: 'tcp',
      signature_scheme: 'hmac-sha256',
      kernel_name: 'x',
    });
    expect(one).not.toHaveProperty('jupyter_session');
    expect(two.jupyter_session).toBe('a.ipynb');
    expect(one.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{24}$/);
    expect(two.key).not.toBe(one.key);
    expect(one.shell_port).not.toBe(two.shell_port);
    [one, two].forEach(releaseConnection);
  });

  it('is for its owner alone, and replaces a link instead of following it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nbserver-connection-'));
    const connection = await newConnection(setup);
    const file = join(folder, 'runtime', 'kernel-1.json');
    await writeConnectionFile(file, connection);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'runtime')).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(connection);

    const victim = join(folder, 'victim');
    writeFileSync(victim, 'mine');
    rmSync(file);
    symlinkSync(victim, file);
    await writeConnectionFile(file, connection);
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    releaseConnection(connection);
    rmSync(folder, { recursive: true });
  });
});
