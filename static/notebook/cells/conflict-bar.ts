/** Under a cell of which there are two texts: shows the other one, and lets a person choose. */
import type { CellConflict } from '../../../src/protocol/document-messages.js';

export type ConflictChoice = 'theirs' | 'both' | 'ours';

const WHO: Record<CellConflict['from'], string> = {
  file: 'Another program changed this cell in the file at the same time.',
  client: 'Another client saved this cell with another text at the same time.',
  page: 'This cell was changed elsewhere while a page was away. This was typed there:',
};

export class ConflictBar {
  readonly element = document.createElement('div');

  constructor(conflict: CellConflict, choose: (choice: ConflictChoice) => void) {
    const said = document.createElement('p');
    said.textContent = WHO[conflict.from];
    const text = document.createElement('pre');
    text.textContent = conflict.theirs;
    text.tabIndex = 0;
    text.setAttribute('aria-label', 'The other text');
    const buttons = document.createElement('div');
    buttons.className = 'conflict-choices';
    const button = (label: string, choice: ConflictChoice) => {
      const element = document.createElement('button');
      element.type = 'button';
      element.className = 'button';
      element.textContent = label;
      element.addEventListener('click', () => choose(choice));
      buttons.append(element);
    };
    button('Keep the text of the cell', 'ours');
    button('Use this text', 'theirs');
    button('Put it into a cell below', 'both');
    this.element.className = 'conflict';
    this.element.setAttribute('role', 'group');
    this.element.setAttribute('aria-label', 'Two texts of this cell');
    this.element.append(said, text, buttons);
  }
}
