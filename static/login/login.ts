/** What the login page does beyond HTML: warns of Caps Lock, and counts down after too many wrong tries. */
import './login.css';

const field = document.querySelector<HTMLInputElement>('#password_input');
const capsHint = document.getElementById('caps-lock');
const submit = document.querySelector<HTMLButtonElement>('#login_submit');
const wait = document.querySelector<HTMLElement>('[data-retry-after]');

function showCapsLock(event: KeyboardEvent): void {
  if (capsHint !== null) capsHint.hidden = !event.getModifierState('CapsLock');
}

if (field !== null) {
  field.addEventListener('keydown', showCapsLock);
  field.addEventListener('keyup', showCapsLock);
}

const seconds = Number(wait?.dataset['retryAfter'] ?? 0);
if (wait !== null && submit !== null && seconds > 0) {
  const end = performance.now() + seconds * 1000;
  submit.disabled = true;
  const tick = (): void => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left > 0) {
      wait.textContent = left === 1 ? 'in 1 second' : `in ${left} seconds`;
      setTimeout(tick, 250);
    } else {
      wait.textContent = 'now';
      submit.disabled = false;
    }
  };
  tick();
}

// Who logs out may leave the computer to others: what these pages kept here of notebooks and files goes.
if (document.querySelector('[data-logged-out]') !== null) {
  for (const name of ['nbserver', 'nbserver.edit']) indexedDB.deleteDatabase(name);
}

// A password that was typed before the browser restored the page from its memory must not stay in it.
window.addEventListener('pageshow', (event) => {
  if (event.persisted && field !== null) field.value = '';
});
