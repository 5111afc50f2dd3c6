import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { EventBus, handleEventSocket } from '../../../src/events/index.js';
import { silentLog } from '../../../src/log.js';
import { listEvents } from '../../../src/protocol/events.js';

/** The part of a websocket that is used, in memory. */
class Socket extends EventEmitter {
  bufferedAmount = 0;
  readonly sent: unknown[] = [];
  closedWith: number | undefined;
  send = (text: string) => void this.sent.push(JSON.parse(text));
  ping() {}
  terminate() {}
  close(code: number) {
    this.closedWith = code;
  }
}

function subscribe(bus: EventBus, directories: string[] = []) {
  const socket = new Socket();
  const watched = new Map<string, () => void>();
  handleEventSocket(socket as unknown as WebSocket, {
    bus,
    directories,
    watchDirectory(path, onChange) {
      if (path === 'unwatchable') return undefined;
      watched.set(path, onChange);
      return { close: () => void watched.delete(path) };
    },
  });
  return { socket, watched };
}

describe('a websocket that names directories', () => {
  it('hears of changes in them, once for many, and lets go of them when it closes', async () => {
    vi.useFakeTimers();
    const bus = new EventBus(silentLog);
    const { socket, watched } = subscribe(bus, ['a', 'a', 'unwatchable', 'b/c']);
    expect([...watched.keys()]).toEqual(['a', 'b/c']);
    for (let i = 0; i < 100; i++) watched.get('b/c')?.();
    await vi.advanceTimersByTimeAsync(1000);
    expect(socket.sent).toEqual([{ schema_id: listEvents, list: 'files', path: 'b/c' }]);
    socket.emit('close');
    expect(watched.size).toBe(0);
    expect(bus.subscribers).toBe(0);
    bus.close();
    vi.useRealTimers();
  });

  it('leaves nothing behind when a directory cannot be watched', () => {
    const bus = new EventBus(silentLog);
    const socket = new Socket();
    const closed: string[] = [];
    const connecting = () =>
      handleEventSocket(socket as unknown as WebSocket, {
        bus,
        directories: ['a', 'dead drive'],
        watchDirectory(path) {
          if (path === 'dead drive') throw new Error('ESTALE');
          return { close: () => void closed.push(path) };
        },
      });
    expect(connecting).toThrow('ESTALE');
    socket.emit('close');
    expect([closed, bus.subscribers]).toEqual([['a'], 0]);
    bus.close();
  });

  it('hears of what others did by the API in any directory', async () => {
    vi.useFakeTimers();
    const bus = new EventBus(silentLog);
    const { socket } = subscribe(bus);
    bus.contents({ action: 'get', path: 'x/a.txt' });
    bus.contents({ action: 'rename', path: 'y/b.txt', source_path: 'a.txt' });
    await vi.advanceTimersByTimeAsync(1000);
    const lists = socket.sent.filter((event) => (event as { schema_id: string }).schema_id === listEvents);
    expect(lists).toEqual([
      { schema_id: listEvents, list: 'files', path: 'y' },
      { schema_id: listEvents, list: 'files', path: '' },
    ]);
    bus.close();
    vi.useRealTimers();
  });
});

it('whatever a listener says is answered, unless it reads nothing', () => {
  const bus = new EventBus(silentLog);
  const { socket } = subscribe(bus);
  socket.emit('message', Buffer.from('ping'), false);
  expect(socket.sent).toEqual([{}]);
  socket.bufferedAmount = 1;
  socket.emit('message', Buffer.from('ping'), false);
  expect(socket.sent).toHaveLength(1);
  bus.close();
});

it('a listener that does not read is closed, and the others go on', () => {
  const bus = new EventBus(silentLog);
  const [slow, other] = [subscribe(bus).socket, subscribe(bus).socket];
  slow.bufferedAmount = 100_000_000;
  bus.kernel({ action: 'start', status: 'success', msg: 'It runs.' });
  bus.kernel({ action: 'shutdown', status: 'success', msg: 'It ended.' });
  expect(slow.sent).toEqual([]);
  expect(slow.closedWith).toBe(1013);
  expect(other.sent).toHaveLength(2);
  bus.close();
});
