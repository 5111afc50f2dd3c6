/** A bad line: passes bytes between a browser and a server, and breaks connections. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy {
  /** with a slash at its end */
  url: string;
  /** how often connections were broken */
  cuts(): number;
  close(): void;
}

export interface Cuts {
  /** all connections break each time that so many more bytes have gone up */
  every: number;
  /** no more often than this */
  most: number;
  /** breaks once, when the answer to the first request comes whose first line matches: the server has taken it */
  losesAnswerTo?: RegExp;
  /** sees the first line of each request that reaches the server */
  onRequest?(line: string): void;
}

export async function cuttingProxy(
  port: number,
  { every, most, losesAnswerTo, onRequest }: Cuts,
): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let [sent, cuts, isLost] = [0, 0, false];
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let isAwaited = false;
    upstream.on('data', () => {
      if (!isAwaited || isLost) return;
      [isLost, cuts] = [true, cuts + 1];
      for (const socket of [client, upstream]) socket.resetAndDestroy();
    });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => undefined); // a cut, seen from one side
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    client.on('data', (piece) => {
      // browsers send the head of a request in a piece of its own
      const line = /^[A-Z]+ \S+ HTTP\/1\.1\r\n/.exec(piece.subarray(0, 2000).toString('latin1'))?.[0].trim();
      if (line !== undefined) {
        onRequest?.(line);
        if (losesAnswerTo?.test(line) === true) isAwaited = true;
      }
      sent += piece.length;
      if (cuts >= most || sent < (cuts + 1) * every) return;
      cuts += 1;
      for (const socket of sockets) socket.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}/`,
    cuts: () => cuts,
    close: () => {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
