/** Modal questions on the native `<dialog>`: focus is kept inside, Esc dismisses, focus returns to where it was. */

export interface DialogButton<T> {
  label: string;
  value: T;
  kind?: 'primary' | 'danger';
  /** dismisses without asking `check` */
  cancel?: boolean;
}

export interface DialogOptions<T> {
  title: string;
  /** strings become paragraphs, as text */
  body: DialogBody;
  /** in order, left to right; the one with a kind is what Enter does */
  buttons: DialogButton<T>[];
  /** what has focus first; otherwise the first field, then the cancel button of a dangerous question, then the default */
  initialFocus?: HTMLElement;
  className?: string;
  /** Runs before the dialog closes; a sentence that comes back (or is thrown as an Error) is shown and it stays open. */
  check?(value: T): string | undefined | Promise<string | undefined>;
}

export type DialogBody = string | Node | readonly (string | Node)[];

/** Opens a dialog. Resolves to the value of the chosen button, or undefined when it was dismissed with Esc. */
export function openDialog<T>(options: DialogOptions<T>): Promise<T | undefined> {
  const back = document.activeElement;
  const dialog = document.createElement('dialog');
  dialog.className = `dialog ${options.className ?? ''}`.trim();
  const form = document.createElement('form');
  form.noValidate = true;

  const title = document.createElement('h2');
  title.className = 'dialog-title';
  title.id = freshId();
  title.textContent = options.title;
  dialog.setAttribute('aria-labelledby', title.id);

  const body = document.createElement('div');
  body.className = 'dialog-body';
  body.append(...nodes(options.body));
  const problem = document.createElement('p');
  problem.className = 'dialog-error field-error';
  problem.id = freshId();
  problem.setAttribute('role', 'alert');
  problem.hidden = true;
  body.append(problem);

  const row = document.createElement('div');
  row.className = 'dialog-buttons';
  const field = body.querySelector<HTMLElement>('input, select, textarea');

  return new Promise((resolve) => {
    let done = false;
    const finish = (value: T | undefined): void => {
      if (done) return;
      done = true;
      dialog.close();
      dialog.remove();
      if (back instanceof HTMLElement && back.isConnected) back.focus();
      resolve(value);
    };
    const choose = async (button: DialogButton<T>): Promise<void> => {
      if (form.inert) return;
      if (button.cancel === true || options.check === undefined) return finish(button.value);
      form.inert = true; // a second Enter must not ask twice
      let complaint: string | undefined;
      try {
        complaint = await options.check(button.value);
      } catch (error) {
        complaint = error instanceof Error ? error.message : String(error);
      }
      form.inert = false;
      if (complaint === undefined) return finish(button.value);
      problem.textContent = complaint;
      problem.hidden = false;
      field?.setAttribute('aria-invalid', 'true');
      field?.setAttribute('aria-describedby', problem.id);
      field?.focus();
    };

    let cancelElement: HTMLButtonElement | undefined;
    let defaultElement: HTMLButtonElement | undefined;
    for (const button of options.buttons) {
      const element = document.createElement('button');
      element.className = `button large ${button.kind ?? ''}`.trim();
      element.type = button.kind === undefined ? 'button' : 'submit';
      element.textContent = button.label;
      if (button.kind === undefined) element.addEventListener('click', () => void choose(button));
      else defaultElement ??= element;
      if (button.cancel === true) cancelElement ??= element;
      row.append(element);
    }
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const index = [...row.children].indexOf(event.submitter ?? defaultElement ?? row);
      const button = options.buttons[index] ?? options.buttons.find((each) => each.kind !== undefined);
      if (button !== undefined) void choose(button);
    });
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      if (!form.inert) finish(undefined);
    });
    // A browser may close it past `cancel` (Chromium does on a second Esc without a click in between).
    dialog.addEventListener('close', () => finish(undefined));
    // The page's own shortcuts must not hear what is typed here.
    dialog.addEventListener('keydown', (event) => event.stopPropagation());

    form.append(title, body, row);
    dialog.append(form);
    document.body.append(dialog);
    dialog.showModal();
    const dangerous = options.buttons.some((button) => button.kind === 'danger');
    const first =
      options.initialFocus ?? field ?? (dangerous ? cancelElement : undefined) ?? defaultElement ?? row;
    first.focus();
  });
}

/** A yes-or-no question; true when it was confirmed. `danger` paints the button red and puts focus on Cancel. */
export async function confirmDialog(options: {
  title: string;
  body: DialogBody;
  confirm?: string;
  cancel?: string;
  danger?: boolean;
}): Promise<boolean> {
  const answer = await openDialog<boolean>({
    title: options.title,
    body: options.body,
    buttons: [
      { label: options.cancel ?? 'Cancel', value: false, cancel: true },
      { label: options.confirm ?? 'OK', value: true, kind: options.danger === true ? 'danger' : 'primary' },
    ],
  });
  return answer === true;
}

/** Asks for one line of text; undefined when it was dismissed. `check` may refuse with a sentence. */
export async function promptDialog(options: {
  title: string;
  label: string;
  value?: string;
  /** what is selected at first, from and to; default: everything */
  select?: [number, number];
  confirm?: string;
  /** replaces the text field's type, for example `password` */
  type?: 'text' | 'password';
  check?(value: string): string | undefined | Promise<string | undefined>;
}): Promise<string | undefined> {
  const input = document.createElement('input');
  input.className = 'field';
  input.type = options.type ?? 'text';
  input.value = options.value ?? '';
  input.id = freshId();
  input.autocomplete = 'off';
  input.spellcheck = false;
  const label = document.createElement('label');
  label.htmlFor = input.id;
  label.textContent = options.label;
  const [from, to] = options.select ?? [0, input.value.length];
  input.addEventListener('focus', () => input.setSelectionRange(from, to), { once: true });

  const check = options.check;
  const answer = await openDialog<boolean>({
    title: options.title,
    body: [label, input],
    buttons: [
      { label: 'Cancel', value: false, cancel: true },
      { label: options.confirm ?? 'OK', value: true, kind: 'primary' },
    ],
    initialFocus: input,
    ...(check === undefined ? {} : { check: () => check(input.value) }),
  });
  return answer === true ? input.value : undefined;
}

/** Something to read and one button. */
export async function messageDialog(options: {
  title: string;
  body: DialogBody;
  confirm?: string;
}): Promise<void> {
  await openDialog({
    title: options.title,
    body: options.body,
    buttons: [{ label: options.confirm ?? 'OK', value: true, kind: 'primary', cancel: true }],
  });
}

/** True while any modal dialog is open; shortcuts of the page rest. */
export function dialogIsOpen(): boolean {
  return document.querySelector('dialog[open]') !== null;
}

let lastId = 0;
function freshId(): string {
  lastId += 1;
  return `dialog-part-${lastId}`;
}

function nodes(body: DialogBody): Node[] {
  const parts = typeof body === 'string' || body instanceof Node ? [body] : body;
  return parts.map((part) => {
    if (typeof part !== 'string') return part;
    const paragraph = document.createElement('p');
    paragraph.textContent = part;
    return paragraph;
  });
}
