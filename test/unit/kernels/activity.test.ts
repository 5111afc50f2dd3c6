import { describe, expect, it } from 'vitest';
import { KernelActivity } from '../../../src/kernels/activity.js';
import { makeMessage } from '../../../src/kernels/message-factory.js';

/** Shows a message of the kernel to `activity`; `parentType` is what it answers. */
function observe(
  activity: KernelActivity,
  type: string,
  parentType?: string,
  state?: string,
  isCurrent = true,
  subshellId?: string,
) {
  const parentHeader = parentType === undefined ? {} : makeMessage('s', parentType, { subshellId }).header;
  const content = state === undefined ? {} : { execution_state: state };
  const { message, header } = makeMessage('s', type, { content, parentHeader });
  activity.observe(header, message, isCurrent);
}
function idle(): KernelActivity {
  const activity = new KernelActivity();
  activity.set('idle');
  return activity;
}

describe('KernelActivity', () => {
  it('follows the statuses of cells', () => {
    const activity = idle();
    observe(activity, 'status', 'execute_request', 'busy');
    expect(activity.state).toBe('busy');
    observe(activity, 'status', 'execute_request', 'idle');
    expect(activity.state).toBe('idle');
  });

  it('calls a kernel busy until its main shell and all subshells are idle', () => {
    const activity = idle();
    const statuses: [state: string, subshell: string | undefined][] = [
      ['busy', undefined],
      ['busy', 'a'],
      ['idle', 'a'],
      ['busy', 'b'],
      ['idle', undefined],
      ['idle', 'b'],
    ];
    const states = statuses.map(([state, subshell]) => {
      observe(activity, 'status', 'execute_request', state, true, subshell);
      return activity.state;
    });
    expect(states).toEqual(['busy', 'busy', 'busy', 'busy', 'busy', 'idle']);
    // A question to the kernel beside a cell that runs does not end the cell.
    observe(activity, 'status', 'execute_request', 'busy');
    for (const state of ['busy', 'idle']) observe(activity, 'status', 'usage_request', state);
    expect(activity.state).toBe('busy');
  });

  it.each([
    'kernel_info_request',
    'comm_info_request',
    'shutdown_request',
    'interrupt_request',
    'debug_request',
    'usage_request',
  ])('does not call a kernel busy for %s', (type) => {
    const activity = idle();
    observe(activity, 'status', type, 'busy');
    expect(activity.state).toBe('idle');
  });

  it('stays as it is for statuses of an earlier run, and for odd ones', () => {
    const activity = idle();
    activity.set('restarting');
    observe(activity, 'status', 'execute_request', 'idle', false);
    expect(activity.state).toBe('restarting');
    activity.set('idle');
    observe(activity, 'status', 'execute_request', 'dancing');
    observe(activity, 'status', undefined, 'starting');
    expect(activity.state).toBe('idle');
  });

  it('counts output of a cell as activity, and questions about the kernel not', async () => {
    const activity = idle();
    const before = activity.last;
    await new Promise((resolve) => setTimeout(resolve, 5));
    observe(activity, 'status', 'kernel_info_request', 'busy');
    expect(activity.last).toBe(before);
    observe(activity, 'stream', 'execute_request');
    expect(activity.last).toBeGreaterThan(before);
  });
});
