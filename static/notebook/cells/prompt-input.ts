/** The box in which a person answers `input()` or `getpass()`. */

let lastId = 0;

export class PromptInput {
  readonly element = document.createElement('form');
  readonly #field = document.createElement('input');

  constructor(request: { prompt: string; password: boolean }, answer: (value: string) => void) {
    const label = document.createElement('label');
    this.element.className = 'stdin';
    this.#field.className = 'field';
    this.#field.type = request.password ? 'password' : 'text';
    this.#field.autocomplete = 'off';
    this.#field.spellcheck = false;
    this.#field.id = `stdin-${++lastId}`;
    label.htmlFor = this.#field.id;
    label.textContent = request.prompt;
    if (request.prompt.trim() === '')
      this.#field.setAttribute('aria-label', 'The running cell asks for input');
    this.element.append(label, this.#field);
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#field.readOnly) return;
      this.#field.readOnly = true; // the box goes away when the kernel has the answer
      answer(this.#field.value);
    });
  }

  focus(): void {
    this.#field.focus();
  }
}
