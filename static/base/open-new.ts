/** Makes something on the server and opens it in a tab of its own. */
import { notify, notifyError } from './notify.js';

/**
 * The tab is opened at the click itself, because browsers block it later.
 *
 * @param what  for the message of a failure: "New notebook"
 * @param make  resolves with the name and the address of what was made
 */
export async function openNew(
  what: string,
  make: () => Promise<{ name: string; address: string }>,
): Promise<void> {
  const opened = window.open('', '_blank');
  try {
    const { name, address } = await make();
    if (opened === null) {
      notify(`The browser blocked the new tab.`, {
        kind: 'warning',
        action: { label: `Open ${name}`, run: () => window.open(address, '_blank', 'noopener') },
      });
    } else {
      opened.opener = null;
      opened.location.replace(address);
    }
  } catch (error) {
    opened?.close();
    notifyError(`${what}:`, error);
  }
}
