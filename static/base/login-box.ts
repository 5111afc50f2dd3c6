/** A password box over the page when the login has ended: what was typed stays where it is, and goes on afterwards. */
import { loginUrl } from './api.js';
import { openDialog } from './dialog.js';
import { urlFor } from './urls.js';

/** True when the person logged in here; false when the box was put off, or closed because of a login elsewhere. */
export async function askForLogin(): Promise<boolean> {
  const label = document.createElement('label');
  const field = document.createElement('input');
  field.className = 'field';
  field.type = 'password';
  field.id = 'login-box-password';
  field.autocomplete = 'current-password';
  label.htmlFor = field.id;
  label.textContent = 'Password or token:';
  const link = document.createElement('a');
  link.href = loginUrl();
  link.target = '_blank';
  link.rel = 'noopener';
  link.textContent = 'Log in in another tab';
  const other = document.createElement('p');
  other.append(link, ' instead; this page notices.');
  const answer = await openDialog<'login' | 'later'>({
    title: 'Your login has ended',
    className: 'login-box',
    body: [
      'Nothing that you wrote is lost. Log in, and this page sends it and goes on.',
      label,
      field,
      other,
    ],
    initialFocus: field,
    buttons: [
      { label: 'Not now', value: 'later', cancel: true },
      { label: 'Log in', value: 'login', kind: 'primary' },
    ],
    check: (value) => (value === 'login' ? logIn(field) : undefined),
  });
  field.value = '';
  return answer === 'login';
}

/** Closes the box, because the person logged in elsewhere. */
export function closeLoginBox(): void {
  document.querySelector<HTMLDialogElement>('dialog.login-box')?.close();
}

/** Sends the form of the login page. @returns what is wrong, as a sentence */
async function logIn(field: HTMLInputElement): Promise<string | undefined> {
  const address = urlFor('login');
  let answer: Response;
  try {
    // the form carries a token of its own, which belongs to a cookie that comes with it
    const form = parse(await (await fetch(address, { cache: 'no-store' })).text());
    const token = form.querySelector<HTMLInputElement>('input[name=_xsrf]')?.value;
    if (token === undefined) return undefined; // nobody has to log in any more
    const body = new URLSearchParams({ _xsrf: token, password: field.value });
    answer = await fetch(address, { method: 'POST', body, redirect: 'manual', cache: 'no-store' });
  } catch {
    return 'The server does not answer. Please try again in a moment.';
  }
  if (answer.type === 'opaqueredirect') return undefined;
  const error = parse(await answer.text()).querySelector('#login-error, .field-error, main p');
  field.select();
  return error?.textContent?.trim().replace(/\s+/g, ' ') ?? 'This password is wrong.';
}

function parse(html: string): Document {
  return new DOMParser().parseFromString(html, 'text/html');
}
