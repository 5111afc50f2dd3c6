import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** A websocket whose peer reads when the test says so, and answers pings when it is told to. */
export function fakeSocket() {
  const written: Buffer[] = [];
  const pings: string[] = [];
  let stopped = false;
  const blocked: (() => void)[] = [];
  const take = (chunks: Buffer[], done: () => void) => {
    written.push(...chunks);
    if (stopped) blocked.push(done);
    else setImmediate(done);
  };
  const socket = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => take([chunk], done),
    writev: (chunks, done) =>
      take(
        chunks.map(({ chunk }) => chunk as Buffer),
        done,
      ),
  });
  const ws = Object.assign(new EventEmitter(), {
    readyState: 1,
    OPEN: 1,
    ping: (data: string) => void pings.push(data),
    close: () => {},
  });
  return {
    ws: ws as unknown as WebSocket,
    socket,
    pings,
    stop: () => (stopped = true),
    goOn: () => {
      stopped = false;
      for (const done of blocked.splice(0)) done();
    },
    leave: () => ws.emit('close'),
    answer: (ping: string) => ws.emit('pong', Buffer.from(ping)),
    /** numbers in the texts of the frames that were written */
    numbers: () => numbersIn(written, /"text":"(\d+) /g),
    /** what a client that counts was told of numbers */
    sequences: () => numbersIn(written, /"sequence":(\d+)/g),
  };
}

function numbersIn(written: Buffer[], pattern: RegExp): number[] {
  return [...Buffer.concat(written).toString('latin1').matchAll(pattern)].map(([, n]) => Number(n));
}
