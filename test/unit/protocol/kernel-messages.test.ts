import { describe, expect, it } from 'vitest';
import * as messages from '../../../src/protocol/kernel-messages.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('parseHeader', () => {
  it('needs msg_id and msg_type, and keeps what else is there', () => {
    expect(messages.parseHeader(bytes('{"msg_id":"1","msg_type":"status","subshell_id":"s"}'))).toEqual({
      msg_id: '1',
      msg_type: 'status',
      session: '',
      username: '',
      date: '',
      version: '',
      subshell_id: 's',
    });
  });

  it.each(['', '{}', '[]', 'null', '{"msg_id":1,"msg_type":"x"}', '{"msg_id":"1"}', '{"msg_id":NaN}'])(
    'answers undefined for %j',
    (text) => {
      expect(messages.parseHeader(bytes(text))).toBeUndefined();
    },
  );
});

describe('contents of messages', () => {
  it.each<[string, unknown, unknown]>([
    ['status', messages.statusContent({ execution_state: 'busy' }), { execution_state: 'busy' }],
    ['status, unknown', messages.statusContent({ execution_state: 'dancing' }), undefined],
    ['stream', messages.streamContent({ name: 'stderr', text: 'x' }), { name: 'stderr', text: 'x' }],
    ['stream, no name', messages.streamContent({ text: 'x' }), { name: 'stdout', text: 'x' }],
    ['stream, no text', messages.streamContent({ name: 'stdout' }), undefined],
    [
      'display_data',
      messages.displayContent({ data: { 'text/plain': 'x' }, transient: { display_id: 'd' } }),
      { data: { 'text/plain': 'x' }, metadata: {}, transient: { display_id: 'd' } },
    ],
    ['display_data, no data', messages.displayContent({ data: 'x' }), undefined],
    [
      'execute_result',
      messages.executeResultContent({ data: {}, metadata: { a: 1 }, execution_count: 3 }),
      { data: {}, metadata: { a: 1 }, execution_count: 3 },
    ],
    [
      'error',
      messages.errorContent({ ename: 'E', evalue: 'v', traceback: ['a', 1] }),
      { ename: 'E', evalue: 'v', traceback: ['a'] },
    ],
    ['clear_output', messages.clearOutputContent({ wait: true }), { wait: true }],
    ['clear_output, odd', messages.clearOutputContent(null), { wait: false }],
    [
      'execute_reply of IRkernel after an error',
      messages.executeReplyContent({ status: 'abort' }),
      { status: 'aborted', execution_count: null, payload: [] },
    ],
    [
      'execute_reply, error',
      messages.executeReplyContent({
        status: 'error',
        execution_count: 1,
        ename: 'E',
        evalue: '',
        traceback: [],
      }),
      { status: 'error', execution_count: 1, payload: [], ename: 'E', evalue: '', traceback: [] },
    ],
    ['input_request', messages.inputRequestContent({ prompt: '?' }), { prompt: '?', password: false }],
    [
      'complete_reply',
      messages.completeReplyContent({ status: 'ok', matches: ['a'], cursor_start: 0, cursor_end: 1 }),
      { status: 'ok', matches: ['a'], cursor_start: 0, cursor_end: 1, metadata: {} },
    ],
    ['complete_reply, no cursor', messages.completeReplyContent({ matches: [] }), undefined],
    [
      'kernel_info_reply',
      messages.kernelInfoContent({ language_info: { name: 'r' }, help_links: [{ text: 'a', url: 'b' }, 1] }),
      {
        protocol_version: '',
        implementation: '',
        implementation_version: '',
        language_info: { name: 'r' },
        banner: '',
        help_links: [{ text: 'a', url: 'b' }],
        supported_features: [],
      },
    ],
  ])('%s', (_name, parsed, expected) => {
    expect(parsed).toEqual(expected);
  });
});
