import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PythonSearch } from '../../../src/kernels/python-search.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nbserver-python-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe('PythonSearch', () => {
  it('finds the first Python that has the module', async () => {
    const python = join(folder, 'python3');
    writeFileSync(python, '#!/bin/sh\n[ "$3" = there ]\n');
    chmodSync(python, 0o755);
    const search = new PythonSearch({ path: folder, env: {} });
    expect(await search.find('there')).toBe(python);
    expect(await search.find('no.such.module.anywhere')).toBeUndefined();
  });

  it('takes a Python that the system does not start for one without the module', async () => {
    const python = join(folder, 'python3');
    writeFileSync(python, '#!/bin/sh\n');
    chmodSync(python, 0o755);
    const search = new PythonSearch({ path: folder, env: {} });
    // Refused before there is a process, as for want of memory.
    for (let i = 0; i < 2; i++) expect(await search.find('a\0b')).toBeUndefined();
  });
});
