import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { certificateCheck } from '../../../src/commands/doctor-machine.js';
import type { LoadedSettings } from '../../../src/config/index.js';
import { makePair } from '../tls/make-pair.js';

const folder = mkdtempSync(join(tmpdir(), 'nbserver-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('certificateCheck', () => {
  const authority = makePair({ name: 'Lab CA' });
  const other = makePair({ name: 'Other CA' });
  const leaf = makePair({ name: 'nb.example.org', issuer: { name: 'Lab CA', key: authority.key } });
  const days = (count: number) => new Date(Date.now() + count * 24 * 3_600_000);

  it.each([
    ['its own name', makePair().pem, 'good', undefined],
    ['its issuer beside it', leaf.pem + authority.cert, 'good', undefined],
    ['nothing of its issuer', leaf.pem, 'warning', 'who issued it (CN=Lab CA)'],
    ['only the certificate of somebody else', leaf.pem + other.cert, 'warning', 'who issued it (CN=Lab CA)'],
    ['an end that is near', makePair({ to: days(10) }).pem, 'warning', 'Renew it'],
    ['an end that is past', makePair({ from: days(-20), to: days(-1) }).pem, 'bad', 'Renew it'],
    ['no certificate at all', leaf.key, 'bad', 'does not start'],
    ['the key of another one', other.key + leaf.cert, 'bad', 'does not start'],
  ])('a file with %s', async (_what, pem, state, advice) => {
    const certfile = join(folder, 'c.pem');
    writeFileSync(certfile, pem, { mode: 0o600 });
    const settings = { certfile, keyfile: '', hostnames: [] };
    const check = await certificateCheck({
      settings,
      directories: { state: folder },
    } as unknown as LoadedSettings);
    expect(check?.state, JSON.stringify(check)).toBe(state);
    if (advice === undefined) expect(check?.advice).toBeUndefined();
    else expect(check?.advice).toContain(advice);
  });
});
