/** Api and browser tests use the built server and pages: this brings `dist` up to date, once a run. */
import { build } from '../scripts/setup.mjs';

export default async function setup(): Promise<void> {
  await build();
}
