/** Downloads of what is selected in a folder. */
import { xsrfToken } from '../base/api.js';
import { submitForm } from '../base/form.js';
import { baseName, urlFor } from '../base/urls.js';
import * as dashboard from './dashboard.js';
import type { Item } from './items.js';

/** Names in an address; servers and proxies take about 8 kB of it. Characters */
const LONGEST_ADDRESS = 6_000;

/** One file as it is, everything else as one zip archive. */
export function downloadItems(items: readonly Item[]): void {
  const [first] = items;
  if (first === undefined) return;
  if (items.length === 1 && first.kind !== 'directory') {
    return download(urlFor('files', first.path, { download: '1' }), first.name);
  }
  const folder = dashboard.path.value;
  const names = items.map(({ name }) => name);
  const query = new URLSearchParams([['download', 'zip'], ...names.map((name) => ['name', name])]);
  const address = `${urlFor('files', folder)}?${query}`;
  if (address.length > LONGEST_ADDRESS) {
    // In a tab of its own, which the browser closes when the archive comes: an error must not take the place of this page.
    submitForm(
      urlFor('files', folder, { _xsrf: xsrfToken() ?? '' }),
      { names: JSON.stringify(names) },
      '_blank',
    );
    return;
  }
  const stem = items.length === 1 ? first.name : baseName(folder) || 'notebooks';
  download(address, `${stem}.zip`);
}

function download(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}
