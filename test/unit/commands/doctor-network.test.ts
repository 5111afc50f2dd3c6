import { expect, it } from 'vitest';
import { isThisMachine } from '../../../src/commands/doctor-network.js';

it.each([
  ['https://127.0.0.1:8888/', true],
  ['https://127.1.2.3/', true],
  ['https://[::1]:8888/base/', true],
  ['https://192.0.2.7/', false],
  ['https://[2001:db8::7]/', false],
])('goes on past a certificate that nobody vouches for only on this machine: %s', async (url, here) => {
  expect(await isThisMachine(url)).toBe(here);
});
