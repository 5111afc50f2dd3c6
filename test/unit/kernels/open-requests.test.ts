import { expect, it } from 'vitest';
import { makeMessage } from '../../../src/kernels/message-factory.js';
import { OpenRequests } from '../../../src/kernels/open-requests.js';
import type { StandIn } from '../../../src/kernels/open-requests.js';
import { parseHeader, parseObject } from '../../../src/protocol/kernel-messages.js';

const asks = (type = 'execute_request') => makeMessage('client', type);
/** channel, type, the request that it answers, and its content */
const read = ([channel, message, { msg_type }]: StandIn) => ({
  is: `${channel} ${msg_type}`,
  to: parseHeader(message.parentHeader)?.msg_id,
  content: parseObject(message.content),
});

it('answers what was asked before the loss and has no reply when all of it is done', () => {
  const open = new OpenRequests('server');
  const [answered, lost, later, late] = [asks(), asks(), asks(), asks()];
  for (const { message } of [answered, lost, later]) open.asked('shell', message);
  open.asked('shell', asks('complete_request').message);
  open.asked('control', asks().message);
  const reply = (to: { header: object }) => {
    const { message, header } = makeMessage('kernel', 'execute_reply', { parentHeader: to.header });
    open.heard('shell', message, header);
  };
  reply(answered);
  expect(open.settled()).toEqual([]);

  const notice = open.reconnected(undefined);
  expect(notice && read(notice)).toMatchObject({
    is: 'iopub stream',
    to: lost.header.msg_id,
    content: { name: 'stderr', text: expect.stringContaining('lost for a moment') as string },
  });
  open.asked('shell', late.message);
  reply(later);
  const to = lost.header.msg_id;
  expect(open.settled().map(read)).toMatchObject([
    { is: 'shell execute_reply', to, content: { status: 'error', ename: 'ConnectionLost' } },
    { is: 'iopub status', to, content: { execution_state: 'idle' } },
  ]);
  expect(open.settled()).toEqual([]);
});

it('says nothing where nothing was asked, and forgets what another run of the kernel was asked', () => {
  const open = new OpenRequests('server');
  expect(open.reconnected(undefined)).toBeUndefined();
  open.asked('shell', asks().message);
  open.clear();
  expect(open.reconnected(undefined)).toBeUndefined();
  expect(open.settled()).toEqual([]);
  const running = Buffer.from(asks().message.header);
  expect(open.reconnected(running)?.[1].parentHeader).toEqual(running);
});
