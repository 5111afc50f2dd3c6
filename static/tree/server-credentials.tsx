/** On the tab Server: the password, and the API tokens of programs. */
import type {
  ApiTokenModel,
  NewApiTokenModel,
  PasswordChangeModel,
  ServerModel,
} from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';
import { confirmDialog, messageDialog, openDialog, promptDialog } from '../base/dialog.js';
import { dateTime } from '../base/format.js';
import { notifyError } from '../base/notify.js';

interface PasswordProps {
  password: ServerModel['password'];
  /** how many API tokens there are */
  tokens: number;
}

export function Password({ password, tokens }: PasswordProps) {
  return (
    <details class="panel" open>
      <summary>Password</summary>
      <p class="server-store">
        {password.refusal ?? (
          <button type="button" class="button" onClick={() => void changePassword(password.set, tokens)}>
            {password.set ? 'Change password…' : 'Set a password…'}
          </button>
        )}
      </p>
    </details>
  );
}

export function ApiTokens({ tokens, reload }: { tokens: ApiTokenModel[]; reload(): Promise<void> }) {
  return (
    <details class="panel" open>
      <summary>API tokens</summary>
      {tokens.length === 0 ? (
        <p class="list-empty">A token lets one program in, and is revoked without a word to the others.</p>
      ) : (
        <ul aria-label="API tokens">
          {tokens.map((token) => (
            <li class="row server-row" key={token.id}>
              <span class="server-what">{token.name}</span>
              <span>{useOf(token)}</span>
              <button
                type="button"
                class="button shutdown"
                aria-label={`Revoke ${token.name}`}
                onClick={() => void revoke(token).then(reload)}
              >
                Revoke
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class="server-store">
        <button type="button" class="button" onClick={() => void create().then(reload)}>
          New token…
        </button>
      </p>
    </details>
  );
}

function useOf({ created, used }: ApiTokenModel): string {
  const made = `made ${dateTime(Date.parse(created))}`;
  return used === null
    ? `${made}, never used`
    : `${made}, last used ${dateTime(Date.parse(used.time))} from ${used.address}`;
}

async function create(): Promise<void> {
  let made: NewApiTokenModel | undefined;
  await promptDialog({
    title: 'New API token',
    label: 'What is it for? For example the name of the program:',
    confirm: 'Make token',
    async check(name) {
      made = await api.post<NewApiTokenModel>('api/server/tokens', { name });
      return undefined;
    },
  });
  if (made !== undefined) await showOnce(made);
}

async function showOnce({ name, token }: NewApiTokenModel): Promise<void> {
  const [label, field] = labelled(`The token of "${name}":`, 'text');
  field.value = token;
  field.readOnly = true;
  field.spellcheck = false;
  field.addEventListener('focus', () => field.select());
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button';
  button.textContent = 'Copy';
  const state = document.createElement('span');
  state.setAttribute('role', 'status');
  button.addEventListener('click', () => {
    void copy(field).then(
      () => (state.textContent = 'Copied.'),
      () => (state.textContent = 'The browser did not allow it. Press Ctrl-C.'),
    );
  });
  const copying = document.createElement('p');
  copying.append(button, ' ', state);
  const example = document.createElement('code');
  example.textContent = 'Authorization: token nbs_…';
  const how = document.createElement('p');
  how.append('Programs send it as a header: ', example);
  await messageDialog({
    title: 'Copy the token now',
    body: ['It cannot be shown again: the server keeps only its hash.', label, field, copying, how],
    confirm: 'Close',
  });
}

/** Plain http on another computer's address has no clipboard for scripts, but copies what is selected. */
async function copy(field: HTMLInputElement): Promise<void> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard !== undefined) return clipboard.writeText(field.value);
  field.focus();
  if (!document.execCommand('copy')) throw new Error('The browser refused.');
}

async function revoke({ id, name }: ApiTokenModel): Promise<void> {
  const sure = await confirmDialog({
    title: `Revoke "${name}"?`,
    body: 'The program that uses it is out at once, and its connections end. Kernels go on.',
    confirm: 'Revoke',
    danger: true,
  });
  if (!sure) return;
  try {
    await api.delete(`api/server/tokens/${id}`);
  } catch (error) {
    notifyError('The token cannot be revoked.', error);
  }
}

async function changePassword(isSet: boolean, count: number): Promise<void> {
  const [presentLabel, present] = labelled('Present password:', 'password', 'current-password');
  const [wantedLabel, wanted] = labelled('New password:', 'password', 'new-password');
  const [againLabel, again] = labelled('New password again:', 'password', 'new-password');
  const [tokensLabel, tokens] = labelled(`Revoke all API tokens, too (${count})`, 'checkbox');
  tokensLabel.prepend(tokens, ' ');
  let answer: PasswordChangeModel | undefined;
  const changed = await openDialog<boolean>({
    title: isSet ? 'Change password' : 'Set a password',
    body: [
      ...(isSet ? [presentLabel, present] : []),
      wantedLabel,
      wanted,
      againLabel,
      again,
      tokensLabel,
      'Every other browser is logged out at once. Kernels go on.',
    ],
    buttons: [
      { label: 'Cancel', value: false, cancel: true },
      { label: isSet ? 'Change password' : 'Set password', value: true, kind: 'primary' },
    ],
    async check() {
      if (wanted.value === '') return 'The new password is empty.';
      if (wanted.value !== again.value) return 'The two new passwords are not the same.';
      answer = await api.put<PasswordChangeModel | undefined>('api/server/password', {
        ...(isSet ? { current_password: present.value } : {}),
        new_password: wanted.value,
        revoke_tokens: tokens.checked,
      });
      return undefined;
    },
  });
  if (changed !== true) return;
  if (answer !== undefined) {
    await messageDialog({
      title: 'Some API tokens still work',
      body: `The password is changed. These tokens could not be revoked: ${answer.tokens_left.join(', ')}. The log of the server says why.`,
    });
  }
  // This browser has a new login, which the page takes over when it is loaded anew.
  location.reload();
}

let lastField = 0;

function labelled(
  text: string,
  type: string,
  autocomplete: AutoFill = 'off',
): [HTMLLabelElement, HTMLInputElement] {
  const field = document.createElement('input');
  field.type = type;
  field.id = `credential-${(lastField += 1)}`;
  field.autocomplete = autocomplete;
  if (type !== 'checkbox') field.className = 'field';
  const label = document.createElement('label');
  label.htmlFor = field.id;
  label.textContent = text;
  return [label, field];
}
