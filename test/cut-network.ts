/** A network between a client and a server on this machine, which a test cuts. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CutNetwork {
  /** the server's address through this network */
  url: string;
  /** As when a cable is pulled out: nothing gets through, and nobody is told. What was open stays dead for ever. */
  cut(): void;
  /** New connections get through again. */
  mend(): void;
  /** Ends every connection that there is. */
  drop(): void;
  close(): Promise<void>;
}

/** @param url  of the server */
export async function startNetwork(url: string): Promise<CutNetwork> {
  const target = Number(new URL(url).port);
  const open = new Set<Socket>();
  const dead = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => open.delete(socket));
  };
  const server = createServer((near) => {
    keep(near);
    if (isCut) {
      dead.add(near);
      return;
    }
    const far = connect(target, '127.0.0.1');
    keep(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes) => {
        if (!dead.has(from)) to.write(bytes);
      });
      from.once('close', () => {
        if (!dead.has(from)) to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  const drop = () => {
    for (const socket of [...open]) socket.destroy();
  };
  return {
    url: through.href,
    cut() {
      isCut = true;
      for (const socket of open) dead.add(socket);
    },
    mend() {
      isCut = false;
    },
    drop,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      drop();
      await closed;
    },
  };
}
