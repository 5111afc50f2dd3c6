/**
 * The websocket of one listener (`api/events/subscribe`): each event as one JSON text frame.
 *
 * With `?directory=PATH` (any number of times) the server also watches these directories for as long as the websocket is
 * open, and tells when somebody else, outside of this server, changes the files in them. Whatever a listener says is answered
 * by an empty object: a page cannot see otherwise whether anybody is still there.
 */
import type { WebSocket } from 'ws';
import type { Subscription } from '../listeners.js';
import type { EventBus } from './event-bus.js';

export interface EventSocketOptions {
  bus: EventBus;
  /** of the contents API; undefined: this directory cannot be watched */
  watchDirectory(path: string, onChange: () => void): { close(): void | Promise<void> } | undefined;
  directories: readonly string[];
}

/** Bytes that may wait for a listener. */
const mostWaiting = 4 * 1024 * 1024;
/** A page looks at one directory; more than these few are not watched for one websocket. */
const mostDirectories = 16;
/** "Try again later". */
const tooSlow = 1013;

export function handleEventSocket(ws: WebSocket, options: EventSocketOptions): void {
  const { bus } = options;
  const open: { close(): unknown }[] = [];
  // Before anything that can fail: nothing is watched for a listener that is gone.
  ws.once('close', () => {
    for (const each of open) void each.close();
  });
  const subscription: Subscription = bus.subscribe((event) => {
    if (ws.bufferedAmount > mostWaiting) {
      subscription.close();
      ws.close(tooSlow, 'The client reads too slowly');
      return;
    }
    ws.send(JSON.stringify(event));
  });
  open.push(subscription);
  for (const path of new Set(options.directories.slice(0, mostDirectories))) {
    const watch = options.watchDirectory(path, () => bus.listChanged({ list: 'files', path }));
    if (watch) open.push(watch);
  }

  ws.on('message', () => {
    if (ws.bufferedAmount === 0) ws.send('{}');
  });
}
