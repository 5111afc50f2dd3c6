// Fails when a page has grown past its budget. All bytes count that a page needs until a person can type.
import { bundleBudgets } from './build-pages.mjs';

let over = false;
for (const { page, bytes, limit } of await bundleBudgets()) {
  console.log(`${page}: ${(bytes / 1000).toFixed(1)} kB of ${limit / 1000} kB gzip`);
  over ||= bytes > limit;
}
process.exit(over ? 1 : 0);
