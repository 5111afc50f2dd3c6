/** Requests that a browser makes as one of its own pages: their answer is a page or a download. */

/** POST; `target` as that of a link. */
export function submitForm(action: string, fields: Record<string, string>, target = ''): void {
  const form = document.createElement('form');
  Object.assign(form, { method: 'post', action, target, hidden: true });
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement('input');
    Object.assign(field, { type: 'hidden', name, value });
    form.append(field);
  }
  document.body.append(form);
  form.submit();
  form.remove();
}
