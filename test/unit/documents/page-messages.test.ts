import { describe, expect, it } from 'vitest';
import type { SyncMessage, SyncRequest } from '../../../src/notebook/page-sync.js';
import type { PageMessage, ServerMessage } from '../../../src/protocol/document-messages.js';
import { PageMessageError, parsePageMessage } from '../../../src/protocol/page-messages.js';

/** The sync knows its messages by their shape alone; these lines hold when both sides mean the same. */
type Known = Extract<ServerMessage, { type: SyncMessage['type'] }>;
const fromServer: (message: Known) => SyncMessage = (message) => message;
const toServer: (message: SyncRequest) => PageMessage = (message) => message;

describe('parsePageMessage', () => {
  it.each<PageMessage>([
    { type: 'resume', client: 'p' },
    { type: 'resume', client: 'p', epoch: 'e', revision: 3 },
    { type: 'ops', seq: 1, base: 0, ops: [{ op: 'delete-cell', id: 'a' }] },
    { type: 'execute', seq: 2, cells: ['a', 'b'] },
    { type: 'execute', cells: [] },
    { type: 'interrupt' },
    { type: 'input', value: '' },
    { type: 'save', seq: 3, checkpoint: true },
    { type: 'save' },
    { type: 'save', seq: 4, unasked: true },
  ])('reads $type', (message) => {
    expect(parsePageMessage(JSON.stringify(message))).toEqual(message);
  });

  it.each([901, 100_000])('refuses JSON that is nested %i levels deep', (levels) => {
    const metadata = `{"x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const text = `{"type":"ops","seq":4,"base":0,"ops":[{"op":"set-metadata","id":null,"metadata":${metadata}}]}`;
    expect(() => parsePageMessage(text)).toThrow(
      new PageMessageError('The batch is nested more than 900 levels deep.', 4),
    );
  });

  it('drops fields that it does not know', () => {
    expect(parsePageMessage('{"type":"interrupt","extra":1}')).toEqual({ type: 'interrupt' });
  });

  it('asks for the whole when the place to resume from makes no sense', () => {
    expect(parsePageMessage('{"type":"resume","client":"p","epoch":5,"revision":1}')).toEqual({
      type: 'resume',
      client: 'p',
    });
  });

  it.each([
    ['no JSON', '{', undefined],
    ['a list', '[]', undefined],
    ['no type', '{}', undefined],
    ['an inherited name', '{"type":"toString"}', undefined],
    ['no client', '{"type":"resume"}', undefined],
    ['an endless client', `{"type":"resume","client":"${'x'.repeat(300)}"}`, undefined],
    ['a batch without number', '{"type":"ops","base":0,"ops":[]}', undefined],
    ['a negative base', '{"type":"ops","seq":4,"base":-1,"ops":[]}', 4],
    ['operations that are none', '{"type":"ops","seq":4,"base":0,"ops":[1]}', 4],
    [
      'what only the server makes',
      '{"type":"ops","seq":4,"base":0,"ops":[{"op":"set-execution","id":"a","execution":{"state":"idle","count":1}}]}',
      4,
    ],
    ['cells that are no ids', '{"type":"execute","seq":5,"cells":[1]}', 5],
    ['an answer that is no text', '{"type":"input","value":1}', undefined],
  ])('refuses %s with a sentence', (_, text, seq) => {
    try {
      parsePageMessage(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(PageMessageError);
      expect((error as PageMessageError).message).toMatch(/\.$/);
      expect((error as PageMessageError).seq).toBe(seq);
    }
  });

  it('agrees with the sync about what travels', () => {
    const ack: Known = { type: 'ack', seq: 1, revision: 1 };
    expect(fromServer(ack)).toBe(ack);
    const save: SyncRequest = { type: 'save', seq: 1 };
    expect(parsePageMessage(JSON.stringify(toServer(save)))).toEqual(save);
  });
});
