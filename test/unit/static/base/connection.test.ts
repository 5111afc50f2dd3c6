import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  Connection,
  type ConnectionOptions,
  type ConnectionState,
} from '../../../../static/base/connection.js';
import { FakeSocket } from './fake-socket.js';

describe('a connection that is silent', () => {
  let page: EventTarget;
  let connection: Connection;
  let states: ConnectionState[];
  const last = () => FakeSocket.all.at(-1) as FakeSocket;
  const opened = async () => {
    await vi.advanceTimersByTimeAsync(0);
    last().open();
  };
  const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);
  const open = (url: ConnectionOptions['url'] = () => Promise.resolve('ws://server/')) => {
    connection = new Connection({
      url,
      probe: 'alive?',
      onOpen: () => undefined,
      onMessage: () => undefined,
      onState: (state) => states.push(state),
    });
  };

  beforeEach(() => {
    vi.useFakeTimers();
    page = new EventTarget();
    states = [];
    FakeSocket.all = [];
    vi.stubGlobal('document', new EventTarget());
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('WebSocket', FakeSocket);
    vi.stubGlobal('fetch', () => Promise.reject(new Error('not reachable')));
  });
  afterEach(() => {
    connection.close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('is asked whether anybody is there, and given up without an answer', async () => {
    open();
    await opened();
    await seconds(15);
    expect(last().sent).toEqual(['alive?']);
    last().say('alive');
    await seconds(14);
    expect(states).toEqual(['open']);
    await seconds(12);
    expect(last().sent, 'an answered question is asked again').toEqual([]);
    expect(FakeSocket.all).toHaveLength(2);
    expect(states).toEqual(['open', 'lost']);
    await opened();
    expect(states).toEqual(['open', 'lost', 'open']);
  });

  it('is asked at once when somebody comes back to the page, or the network does', async () => {
    open();
    await opened();
    for (const [event, patience] of [
      ['focus', 10],
      ['online', 20],
    ] as const) {
      page.dispatchEvent(new Event(event));
      expect(last().sent).toEqual(['alive?']);
      await seconds(patience);
      expect(states.at(-1)).toBe('lost');
      await opened();
    }
  });

  it('gets more time after each answer that came too late: a slow line brings a large message', async () => {
    open();
    await opened();
    await seconds(25);
    expect(FakeSocket.all).toHaveLength(2);
    await opened();
    await seconds(34);
    expect(FakeSocket.all).toHaveLength(2);
    last().say('what was so large');
    await seconds(14);
    expect(states.at(-1)).toBe('open');
  });

  it('is asked nothing while the server speaks', async () => {
    open();
    await opened();
    for (let i = 0; i < 20; i++) {
      await seconds(3);
      last().say('output');
    }
    expect(last().sent).toEqual([]);
  });

  it('does not wait for ever for an address that never comes', async () => {
    const asked: AbortSignal[] = [];
    open((signal) => {
      asked.push(signal);
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('given up'))),
      );
    });
    await seconds(6);
    expect(asked).toHaveLength(2);
    await seconds(9);
    expect(asked, 'more time each time').toHaveLength(2);
    await seconds(60);
    expect(asked.length).toBeGreaterThan(3);
    expect(states).toEqual(['lost']);
  });
});
