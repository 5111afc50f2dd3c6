import fc from 'fast-check';
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
    const { binary, parts } = encodeLegacy(message(), header);
    const json = text(joinBytes(parts));
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
    const { binary, parts } = encodeLegacy(message([bytes('abc'), new Uint8Array(0), bytes('d')]), header);
    const frame = joinBytes(parts);
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
    expect(encodeLegacy(message([big]), header).parts).toContain(big);
  });
});

describe('decodeLegacyText', () => {
  it('takes the parts, and shell when no channel is named', () => {
    const decoded = decodeLegacyText(
      bytes('{"header":{"msg_id":"1","msg_type":"x"},"content":{"code":"ü"},"metadata":null}'),
    );
    expect(decoded.channel).toBe('shell');
    expect(text(decoded.header)).toBe('{"msg_id":"1","msg_type":"x"}');
    expect(text(decoded.parentHeader)).toBe('{}');
    expect(text(decoded.content)).toBe('{"code":"ü"}');
    expect(text(decoded.metadata)).toBe('{}');
    expect(decodeLegacyText(bytes('{"header":{},"channel":"control"}')).channel).toBe('control');
    expect(decodeLegacyText(bytes('{"channel":"c\\u006fntrol"}')).channel).toBe('control');
  });

  it('keeps numbers, keys and escapes as the client wrote them', () => {
    const content = '{"one": 1.0, "big": 12345678901234567890, "b":1, "a":2, "e":"\\u00fc\\/"}';
    const decoded = decodeLegacyText(bytes(`{ "content" : ${content}, "header": { } }`));
    expect(text(decoded.content)).toBe(content);
    expect(text(decoded.header)).toBe('{ }');
  });

  it('takes the last one of a key that stands twice', () => {
    expect(text(decodeLegacyText(bytes('{"content":1,"content":{"a":2}}')).content)).toBe('{"a":2}');
  });

  it.each(['', '{', 'null', '7', '[{}]', '{"header":{}} x', '{"a":}'])('refuses %j', (given) => {
    expect(() => decodeLegacyText(bytes(given))).toThrow(FrameError);
  });

  it('gives back any JSON as it was written', () => {
    const json = fc.json();
    fc.assert(
      fc.property(json, json, json, json, (header, parent, metadata, content) => {
        const frame = `{"header":${header},"parent_header":${parent},"metadata":${metadata},"content":${content}}`;
        const decoded = decodeLegacyText(bytes(frame));
        const parts = [decoded.header, decoded.parentHeader, decoded.metadata, decoded.content].map(text);
        expect(parts).toEqual(
          [header, parent, metadata, content].map((part) => (part === 'null' ? '{}' : part)),
        );
      }),
    );
  });
});

describe('decodeLegacyBinary', () => {
  it('gives back what was encoded', () => {
    const buffers = [bytes('abc'), new Uint8Array(0), bytes('d')];
    const decoded = decodeLegacyBinary(joinBytes(encodeLegacy(message(buffers), header).parts));
    expect(decoded.channel).toBe('iopub');
    expect(decoded.buffers).toEqual(buffers);
    expect(JSON.parse(text(decoded.header))).toEqual(header);
  });

  it('gives back any message byte for byte', () => {
    const json = fc.json().filter((part) => part !== 'null');
    const buffers = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(json, json, buffers, (metadata, content, sent) => {
        const given = { ...message(sent), metadata: bytes(metadata), content: bytes(content) };
        const decoded = decodeLegacyBinary(joinBytes(encodeLegacy(given, header).parts));
        expect(text(decoded.metadata)).toBe(metadata);
        expect(text(decoded.content)).toBe(content);
        expect(decoded.buffers).toEqual(sent);
      }),
    );
  });

  it('answers any bytes, and any frame with a changed byte, with a message or a FrameError', () => {
    const tryIt = (frame: Uint8Array) => {
      for (const decode of [decodeLegacyBinary, decodeLegacyText]) {
        try {
          expect(decode(frame).header.length).toBeLessThanOrEqual(Math.max(2, frame.length));
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), tryIt));
    const good = joinBytes(encodeLegacy(message([bytes('abc'), bytes('d')]), header).parts);
    const change = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255), cut: fc.nat(good.length) });
    fc.assert(
      fc.property(change, ({ at, to, cut }) => {
        const frame = good.slice();
        frame[at] = to;
        tryIt(frame);
        tryIt(frame.subarray(0, cut));
      }),
    );
  });

  it('refuses more parts than any program sends before it makes an object for each', () => {
    const count = 70_000;
    const frame = new Uint8Array(4 * (count + 1));
    new DataView(frame.buffer).setUint32(0, count);
    expect(() => decodeLegacyBinary(frame)).toThrow(/at most 65536/);
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
