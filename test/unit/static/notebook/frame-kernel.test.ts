import { describe, expect, it } from 'vitest';
import type { KernelAccess, KernelLine } from '../../../../static/notebook/kernel-line.js';
import { FrameKernel, type AskingFrame } from '../../../../static/notebook/outputs/frame-kernel.js';

describe('the line of outputs to the kernel', () => {
  it('ends with the kernel, and is opened to the next one when a script speaks again', async () => {
    let id: string | undefined = 'first';
    let changed: () => void = () => undefined;
    const lines: { id: string; open: boolean; said: string[] }[] = [];
    const access: KernelAccess = {
      id: () => id,
      open: (kernelId) => {
        const line = { id: kernelId, open: true, said: [] as string[] };
        lines.push(line);
        return {
          kernelId,
          say: (type: string) => line.said.push(type),
          close: () => (line.open = false),
        } as unknown as KernelLine;
      },
      onChange: (listener) => {
        changed = listener;
        return () => undefined;
      },
    };
    const notes: string[] = [];
    const frame: AskingFrame = {
      cellName: 'cell 1',
      send: () => undefined,
      note: (text) => notes.push(text),
    };
    const kernel = new FrameKernel(access, () => Promise.resolve(true));
    const speak = () => kernel.receive(frame, { type: 'execute', id: '1', code: '1', silent: false });

    await speak();
    expect(lines).toEqual([{ id: 'first', open: true, said: ['execute_request'] }]);
    changed();
    expect(lines[0]?.open).toBe(true);
    id = undefined;
    changed();
    expect(lines[0]?.open).toBe(false);
    await speak();
    expect(notes).toEqual(['A script of this output: It wants to use the kernel, and none runs.']);
    id = 'second';
    changed();
    await speak();
    expect(lines.slice(1)).toEqual([{ id: 'second', open: true, said: ['execute_request'] }]);
  });
});
