import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { handleDocumentSocket, type DocumentPage, type LiveDocument } from '../../../src/documents/index.js';
import type { PageMessage, ServerMessage } from '../../../src/protocol/document-messages.js';

/** A websocket whose other end reads only when it is told to. */
class SlowSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  closed: number | undefined;
  send(text: string): void {
    this.sent.push(text);
    this.bufferedAmount += text.length;
  }
  close(code: number): void {
    this.closed = code;
  }
  last(): ServerMessage {
    return JSON.parse(this.sent.at(-1) ?? '{}') as ServerMessage;
  }
}

function connect(receive?: (page: DocumentPage) => void) {
  const socket = new SlowSocket();
  const received: PageMessage[] = [];
  const pages = new Set<DocumentPage>();
  const document: Pick<LiveDocument, 'attach' | 'detach' | 'receive'> = {
    attach: (page) => void pages.add(page),
    detach: (page) => void pages.delete(page),
    receive: receive ?? ((_, message) => void received.push(message)),
  };
  handleDocumentSocket(socket as unknown as WebSocket, document as LiveDocument);
  const [page] = pages;
  if (page === undefined) throw new Error('not attached');
  const say = (data: string, isBinary = false) => socket.emit('message', Buffer.from(data), isBinary);
  return { socket, page, pages, received, say };
}

describe('handleDocumentSocket', () => {
  it('passes messages on, and lets go of the page when the connection ends', () => {
    const { socket, pages, received, say } = connect();
    say('{"type":"resume","client":"p"}');
    expect(received).toEqual([{ type: 'resume', client: 'p' }]);
    socket.emit('close');
    expect(pages.size).toBe(0);
  });

  it('lets go of a page that could not be attached', () => {
    const socket = new SlowSocket();
    let detached = 0;
    const document = {
      attach: () => {
        throw new Error('the drive is gone');
      },
      detach: () => detached++,
    };
    const connecting = () =>
      handleDocumentSocket(socket as unknown as WebSocket, document as unknown as LiveDocument);
    expect(connecting).toThrow('the drive is gone');
    socket.emit('close');
    expect(detached).toBe(1);
  });

  it('answers what it cannot read with a sentence, and goes on', () => {
    const { socket, received, say } = connect();
    say('nonsense');
    expect(socket.last()).toMatchObject({ type: 'notice', level: 'error' });
    say('{"type":"ops","seq":7,"base":0,"ops":[{"op":"x"}]}');
    expect(socket.last()).toEqual({ type: 'refused', seq: 7, message: 'There is no operation "x".' });
    say('{"type":"interrupt"}', true);
    expect(socket.last()).toMatchObject({ type: 'notice' });
    say('{"type":"interrupt"}');
    expect(received).toEqual([{ type: 'interrupt' }]);
  });

  it('ends the connection, and nothing else, when a message fails by a defect', () => {
    const { socket, say } = connect(() => {
      throw new RangeError('Maximum call stack size exceeded');
    });
    expect(() => say('{"type":"interrupt"}')).not.toThrow();
    expect(socket.closed).toBe(1011);
  });

  it('holds back a page that does not read, tells it once to start over, and serves it when it does', () => {
    const { socket, page, say } = connect();
    const text = JSON.stringify({ type: 'notice', level: 'info', message: 'x'.repeat(1_000_000) });
    for (let n = 0; n < 100; n += 1) page.send(text);
    expect(socket.bufferedAmount).toBeLessThan(12_000_000);
    expect(page.waiting).toBe(socket.bufferedAmount);
    expect(socket.sent.filter((one) => one === '{"type":"stale"}')).toHaveLength(1);
    expect(socket.last()).toEqual({ type: 'stale' });
    socket.bufferedAmount = 0;
    page.send(text);
    expect(socket.last()).toEqual({ type: 'stale' });
    say('{"type":"resume","client":"p"}');
    page.send(text);
    expect(socket.sent.at(-1)).toBe(text);
  });

  it('sends all of what brings a page up to date, however much it is', () => {
    const { socket, page, say } = connect((to) => {
      for (let n = 0; n < 20; n += 1) to.send('x'.repeat(1_000_000));
      to.send('resumed');
    });
    say('{"type":"resume","client":"p"}');
    expect(socket.sent).toHaveLength(21);
    expect(socket.sent.at(-1)).toBe('resumed');
    page.send('more');
    expect(socket.last()).toEqual({ type: 'stale' });
  });

  it('says that it is there to a page that is behind, and ends one that asks on and does not read', () => {
    const { socket, page, received, say } = connect();
    for (let n = 0; n < 12; n += 1) page.send('x'.repeat(1_000_000));
    expect(socket.last()).toEqual({ type: 'stale' });
    say('{"type":"alive"}');
    expect(socket.last()).toEqual({ type: 'alive' });
    say('{"type":"resume","client":"p"}');
    expect([socket.closed, received]).toEqual([1001, []]);
  });

  it('lets a large snapshot through, whole', () => {
    const { socket, page } = connect();
    page.send('x'.repeat(60_000_000));
    page.send('after');
    expect(socket.sent.map((one) => one.length)).toEqual([60_000_000, 5]);
  });

  it('says that it goes away, so that the page comes back', () => {
    const { socket, page } = connect();
    page.close();
    expect(socket.closed).toBe(1001);
  });
});
