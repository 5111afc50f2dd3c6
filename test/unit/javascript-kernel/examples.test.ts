import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../../src/package-files.js';
import { KernelClient } from './kernel-client.js';

interface ExampleCell {
  cell_type: string;
  id: string;
  source: string[];
  outputs?: unknown[];
}
const { cells, metadata } = JSON.parse(readFileSync(packageFile('examples/Welcome.ipynb'), 'utf8')) as {
  cells: ExampleCell[];
  metadata: { kernelspec: { name: string } };
};
const code = cells.filter((cell) => cell.cell_type === 'code');

describe('examples/Welcome.ipynb', () => {
  let kernel: KernelClient;
  beforeAll(async () => {
    kernel = await KernelClient.start();
  });
  afterAll(() => kernel.close());

  it('is saved without outputs, for our kernel', () => {
    expect(metadata.kernelspec.name).toBe('javascript');
    expect(code.every((cell) => cell.outputs?.length === 0)).toBe(true);
  });

  it.each(code.map((cell) => [cell.id, cell.source.join('')]))('runs the cell "%s"', async (id, source) => {
    // Ten seconds of waiting show a reader something, and a test nothing.
    const { reply, outputs, error } = await kernel.execute(source.replace('sleep(1000)', 'sleep(1)'));
    expect(outputs.length).toBeGreaterThan(0);
    // The last one fails on purpose.
    if (id === 'error') expect(error).toMatchObject({ ename: 'TypeError' });
    else expect(reply.status, error?.traceback.join('\n')).toBe('ok');
  });
});
