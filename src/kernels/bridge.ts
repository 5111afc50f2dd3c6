/**
 * The way between kernels and websockets (`/api/kernels/<id>/channels`): each kernel that a websocket was ever opened to
 * has a room.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Log } from '../log.js';
import { v1Protocol } from '../protocol/websocket-v1.js';
import type { QueueBounds } from './client-queue.js';
import type { KernelManager } from './kernel-manager.js';
import { KernelRoom } from './kernel-room.js';
import type { Subscription } from '../listeners.js';
import type { RateLimits } from './rate-limit.js';
import { ReplayBudget } from './replay-journal.js';

export interface BridgeOptions {
  kernels: KernelManager;
  /** bounds of what waits for one client */
  bounds?: QueueBounds;
  /** bytes of messages that are kept for clients that come back */
  replay?: { kernel: number; server: number };
  /** Jupyter's rate limits; default: none */
  limits?: RateLimits;
  log: Log;
}

export interface KernelSocketRequest {
  kernelId: string;
  /** `session_id` of the query; without one the client cannot come back to what it missed */
  sessionId?: string | null;
  /** `after` of the query, see replay-position.ts */
  after?: string | null;
  /** what the websocket writes to */
  socket: Duplex;
  /** the subprotocol that was agreed on; anything but v1 means the legacy framing */
  protocol?: string;
}

const megabyte = 1024 * 1024;

export class KernelBridge {
  readonly #options: BridgeOptions;
  readonly #rooms = new Map<string, KernelRoom>();
  /** of kernels that are being shut down; nobody joins them any more */
  readonly #ending = new Set<KernelRoom>();
  readonly #removals: Subscription;
  readonly #budget: ReplayBudget;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#budget = new ReplayBudget(options.replay?.server ?? 256 * megabyte);
    this.#removals = options.kernels.onChange(() => this.#removeRooms());
  }

  /** Takes over an open websocket. Closes it (4404) when the kernel is gone meanwhile. */
  handleKernelSocket(ws: WebSocket, request: KernelSocketRequest): void {
    const { kernelId, sessionId, after, socket, protocol } = request;
    const { kernels, bounds, replay, limits, log } = this.#options;
    const kernel = kernels.get(kernelId);
    if (!kernel) {
      ws.close(4404, 'Kernel does not exist');
      return;
    }
    let room = this.#rooms.get(kernelId);
    if (!room) {
      room = new KernelRoom(kernel, {
        bounds: bounds ?? { streams: 16 * megabyte, all: 64 * megabyte },
        replay: replay?.kernel ?? 32 * megabyte,
        budget: this.#budget,
        limits: limits && (limits.messages > 0 || limits.bytes > 0) ? limits : undefined,
        log,
      });
      this.#rooms.set(kernelId, room);
    }
    room.join({
      ws,
      socket,
      // An empty one is none: whoever else has none is somebody else.
      sessionId: sessionId || undefined,
      framing: protocol === v1Protocol ? 'v1' : 'legacy',
      after: after ?? undefined,
    });
  }

  close(): void {
    this.#removals.close();
    for (const room of [...this.#rooms.values(), ...this.#ending]) room.close();
    this.#rooms.clear();
  }

  #removeRooms(): void {
    for (const [id, room] of this.#rooms) {
      if (this.#options.kernels.get(id) === room.kernel) continue;
      this.#rooms.delete(id);
      this.#ending.add(room);
      void room.kernelRemoved().finally(() => this.#ending.delete(room));
    }
  }
}
