/**
 * The way between kernels and websockets (`/api/kernels/<id>/channels`): each kernel with open websockets, or with one
 * that just went, has a room.
 */
import type { WebSocket } from 'ws';
import type { Log } from '../log.js';
import { v1Protocol } from '../protocol/websocket-v1.js';
import type { QueueBounds } from './client-queue.js';
import type { KernelManager } from './kernel-manager.js';
import { KernelRoom } from './kernel-room.js';
import type { Subscription } from './listeners.js';

export interface BridgeOptions {
  kernels: KernelManager;
  /** ms between pings; a client that answers none of three is closed */
  pingInterval?: number;
  /** bounds of what waits for a connected client */
  connected?: QueueBounds;
  /** bounds of what is kept for a client that went away */
  away?: QueueBounds;
  log: Log;
}

export interface KernelSocketRequest {
  kernelId: string;
  /** `session_id` of the query; without one the client cannot come back to what it missed */
  sessionId?: string | null;
  /** the subprotocol that was agreed on; anything but v1 means the legacy framing */
  protocol?: string;
}

const megabyte = 1024 * 1024;
const defaultPingInterval = 30_000;
/** Pings without an answer after which a client is gone. */
const missedPings = 3;

export class KernelBridge {
  readonly #options: BridgeOptions;
  readonly #rooms = new Map<string, KernelRoom>();
  readonly #missed = new Map<WebSocket, number>();
  readonly #removals: Subscription;
  #pings: NodeJS.Timeout | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#removals = options.kernels.onChange(() => this.#removeRooms());
  }

  /** Takes over an open websocket. Closes it (4404) when the kernel is gone meanwhile. */
  handleKernelSocket(ws: WebSocket, { kernelId, sessionId, protocol }: KernelSocketRequest): void {
    const { kernels, log } = this.#options;
    const kernel = kernels.get(kernelId);
    if (!kernel) {
      ws.close(4404, 'Kernel does not exist');
      return;
    }
    let room = this.#rooms.get(kernelId);
    if (!room) {
      const bounds = {
        connected: this.#options.connected ?? { streams: 16 * megabyte, all: 256 * megabyte },
        away: this.#options.away ?? { streams: 16 * megabyte, all: 64 * megabyte },
      };
      room = new KernelRoom(kernel, bounds, log);
      this.#rooms.set(kernelId, room);
    }
    this.#watchPongs(ws);
    room.join(ws, sessionId ?? undefined, protocol === v1Protocol ? 'v1' : 'legacy');
  }

  close(): void {
    this.#removals.close();
    clearInterval(this.#pings);
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
  }

  #removeRooms(): void {
    for (const [id, room] of this.#rooms) {
      if (this.#options.kernels.get(id) === room.kernel) continue;
      this.#rooms.delete(id);
      room.kernelRemoved();
    }
  }

  #watchPongs(ws: WebSocket): void {
    this.#missed.set(ws, 0);
    ws.on('pong', () => this.#missed.set(ws, 0));
    ws.once('close', () => {
      this.#missed.delete(ws);
      if (this.#missed.size > 0) return;
      clearInterval(this.#pings);
      this.#pings = undefined;
    });
    this.#pings ??= setInterval(() => this.#ping(), this.#options.pingInterval ?? defaultPingInterval);
  }

  #ping(): void {
    for (const [ws, missed] of this.#missed) {
      if (missed >= missedPings) {
        ws.terminate();
      } else {
        this.#missed.set(ws, missed + 1);
        if (ws.readyState === ws.OPEN) ws.ping();
      }
    }
  }
}
