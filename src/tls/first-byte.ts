/**
 * One port for https and for those who typed http: the first byte of a connection says which it is. A TLS handshake
 * begins with 0x16, a request with a letter.
 */
import type { Server, Socket } from 'node:net';

const tlsHandshake = 0x16;

export interface FirstByteOptions {
  /** get connections by their `connection` event; they need not listen themselves */
  secure: Server;
  plain: Server;
  /** milliseconds until a silent connection is ended */
  timeout: number;
}

export function sortByFirstByte(socket: Socket, { secure, plain, timeout }: FirstByteOptions): void {
  const timer = setTimeout(() => socket.destroy(), timeout);
  socket.once('close', () => clearTimeout(timer));
  socket.once('readable', () => {
    clearTimeout(timer);
    const first = socket.read(1) as Buffer | null;
    if (first === null) {
      // Closed without a word, as port scanners and health checks do.
      socket.destroy();
      return;
    }
    socket.unshift(first);
    (first[0] === tlsHandshake ? secure : plain).emit('connection', socket);
  });
}
