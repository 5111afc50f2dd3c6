import { describe, expect, it } from 'vitest';
import { FrameError, joinBytes } from '../../../src/protocol/websocket-frame.js';
import type { ChannelMessage } from '../../../src/protocol/websocket-frame.js';
import {
  decodeLegacyBinary,
  decodeLegacyText,
  encodeLegacy,
} from '../../../src/protocol/websocket-legacy.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (part: Uint8Array) => new TextDecoder().decode(part);
const header = { msg_id: 'id "1"', msg_type: 'stream' };
const message = (buffers: Uint8Array[] = []): ChannelMessage => ({
  channel: 'iopub',
  header: bytes(JSON.stringify(header)),
  parentHeader: bytes('{}'),
  metadata: bytes('{}'),
  content: bytes('{"one": 1.0, "big": 12345678901234567890, "text": "ü"}'),
  buffers,
});

describe('encodeLegacy', () => {
  it('splices the bytes into one JSON text with msg_id, msg_type, channel and empty buffers', () => {
    const { binary, pieces } = encodeLegacy(message(), header);
    const json = text(joinBytes(pieces));
    expect(binary).toBe(false);
    expect(JSON.parse(json)).toMatchObject({
      ...header,
      header,
      parent_header: {},
      metadata: {},
      buffers: [],
    });
    expect(json).toContain('{"one": 1.0, "big": 12345678901234567890, "text": "ü"}');
    expect(json).toContain('"channel":"iopub"');
  });

  it('writes buffers as a binary frame: big-endian u32, number of parts first, no end offset', () => {
    const { binary, pieces } = encodeLegacy(message([bytes('abc'), new Uint8Array(0), bytes('d')]), header);
    const frame = joinBytes(pieces);
    const view = new DataView(frame.buffer, frame.byteOffset);
    expect(binary).toBe(true);
    expect(view.getUint32(0)).toBe(4);
    expect(view.getUint32(4)).toBe(20);
    expect(view.getUint32(8)).toBe(frame.length - 4);
    expect(view.getUint32(16)).toBe(frame.length - 1);
    const json = JSON.parse(text(frame.subarray(20, frame.length - 4))) as object;
    expect(json).toMatchObject({ channel: 'iopub', msg_id: header.msg_id });
    expect(json).not.toHaveProperty('buffers');
    expect(text(frame.subarray(-4))).toBe('abcd');
  });

  it('gives big buffers as they are, without a copy', () => {
    const big = new Uint8Array(100_000).fill(7);
    expect(encodeLegacy(message([big]), header).pieces).toContain(big);
  });
});

describe('decodeLegacyText', () => {
  it('takes the parts, and shell when no channel is named', () => {
    const decoded = decodeLegacyText('{"header":{"msg_id":"1","msg_type":"x"},"content":{"code":"ü"}}');
    expect(decoded.channel).toBe('shell');
    expect(text(decoded.header)).toBe('{"msg_id":"1","msg_type":"x"}');
    expect(text(decoded.parentHeader)).toBe('{}');
    expect(text(decoded.content)).toBe('{"code":"ü"}');
    expect(decodeLegacyText('{"header":{},"channel":"control"}').channel).toBe('control');
  });

  it.each(['', '{', 'null', '7'])('refuses %j', (given) => {
    expect(() => decodeLegacyText(given)).toThrow(FrameError);
  });
});

describe('decodeLegacyBinary', () => {
  it('gives back what was encoded', () => {
    const buffers = [bytes('abc'), new Uint8Array(0), bytes('d')];
    const decoded = decodeLegacyBinary(joinBytes(encodeLegacy(message(buffers), header).pieces));
    expect(decoded.channel).toBe('iopub');
    expect(decoded.buffers).toEqual(buffers);
    expect(JSON.parse(text(decoded.header))).toEqual(header);
  });

  it.each([
    ['an empty frame', []],
    ['no parts', [0, 0, 0, 0]],
    ['a count that the frame cannot hold', [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 8]],
    ['an offset into the offsets', [0, 0, 0, 1, 0, 0, 0, 4, 0x7b, 0x7d]],
    ['an offset beyond the end', [0, 0, 0, 1, 0, 0, 0, 99, 0x7b, 0x7d]],
    ['offsets that go back', [0, 0, 0, 2, 0, 0, 0, 14, 0, 0, 0, 12, 0x7b, 0x7d]],
    ['no JSON', [0, 0, 0, 1, 0, 0, 0, 8, 1, 2]],
  ])('refuses %s', (_name, given) => {
    expect(() => decodeLegacyBinary(Uint8Array.from(given))).toThrow(FrameError);
  });
});
