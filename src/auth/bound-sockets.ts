/** The open connections of sessions and tokens, so that they end with what let them in. */
import type { Socket } from 'node:net';

/** How long a client has to close its websockets politely. ms */
const grace = 1_000;

export class BoundSockets {
  readonly #sockets = new Map<string, Set<Socket>>();

  /** Those that have open connections. */
  get ids(): string[] {
    return [...this.#sockets.keys()];
  }

  bind(id: string, socket: Socket, onClose: () => void = () => {}): void {
    const sockets = this.#sockets.get(id) ?? new Set();
    this.#sockets.set(id, sockets.add(socket));
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0 && this.#sockets.get(id) === sockets) this.#sockets.delete(id);
      onClose();
    });
  }

  /** Whoever speaks on them says good-bye by its own protocol; what is still open then is cut. */
  end(id: string): void {
    const sockets = this.#sockets.get(id);
    if (!sockets) return;
    setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, grace).unref();
  }
}
