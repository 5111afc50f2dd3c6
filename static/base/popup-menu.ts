/**
 * A menu that opens at an element or a point, with submenus: the pattern "Menu" of the ARIA Authoring Practices. Focus
 * is really in the menu while it is open and goes back when it closes, before the chosen thing runs.
 */
import type { CommandRegistry } from './commands.js';
import { iconElement, type IconName } from './icon-element.js';
import { keyLabel } from './keys.js';
import { placeMenu, type MenuPlace } from './place-menu.js';

export type MenuEntry =
  /** a command of the registry, with its label, keys and state; `checked`: for one of several arguments */
  | { command: string; label?: string; argument?: unknown; checked?: boolean }
  | {
      label: string;
      run(): void;
      icon?: IconName;
      /** address of a picture in place of an icon */
      image?: string;
      disabled?: boolean;
      checked?: boolean;
      title?: string;
    }
  | { label: string; href: string; target?: string; icon?: IconName; title?: string }
  | { label: string; submenu: MenuEntry[] | (() => MenuEntry[]); disabled?: boolean }
  | { heading: string }
  | 'separator';

export interface PopupOptions {
  entries: MenuEntry[];
  /** name of the menu for screen readers */
  label: string;
  /** the element it belongs to, or a point of the window */
  anchor: Element | { x: number; y: number };
  /** below the anchor (default), with its right edge, or to the right of it (submenus) */
  place?: MenuPlace;
  commands?: CommandRegistry;
  /** whose keys are shown */
  mode?: string;
  focus?: 'first' | 'last' | 'menu';
  /** `choose`: something ran; `escape`: focus goes back; `leave`: the person went elsewhere */
  onClose?(reason: CloseReason): void;
  /** arrow keys that leave the menu: a menu bar moves on to its neighbour */
  onSideways?(direction: 'left' | 'right'): void;
}
export type CloseReason = 'choose' | 'escape' | 'leave';

interface Item {
  element: HTMLElement;
  choose(): void;
  submenu?: () => MenuEntry[];
}

export class PopupMenu {
  readonly element: HTMLElement;
  readonly #options: PopupOptions;
  readonly #parent: PopupMenu | undefined;
  readonly #back: Element | null;
  readonly #items: Item[] = [];
  readonly #abort = new AbortController();
  #child: PopupMenu | undefined;
  #hover: ReturnType<typeof setTimeout> | undefined;
  #typed = '';
  #typedAt = 0;
  #closed = false;

  constructor(options: PopupOptions, parent?: PopupMenu) {
    this.#options = options;
    this.#parent = parent;
    // Before it takes the focus: the parent would think that the person went elsewhere.
    if (parent !== undefined) parent.#child = this;
    this.#back = document.activeElement;
    this.element = document.createElement('div');
    this.element.className = 'menu';
    this.element.setAttribute('role', 'menu');
    this.element.setAttribute('aria-label', options.label);
    this.element.tabIndex = -1;
    for (const entry of options.entries) this.element.append(this.#build(entry));

    const { signal } = this.#abort;
    this.element.addEventListener('keydown', (event) => this.#onKey(event), { signal });
    this.element.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
    if (parent === undefined) {
      const away = (event: Event) => {
        if (!this.#contains(event.target)) this.close('leave');
      };
      document.addEventListener('pointerdown', away, { signal, capture: true });
      document.addEventListener('focusin', away, { signal });
      window.addEventListener('resize', () => this.close('leave'), { signal });
      window.addEventListener('blur', () => this.close('leave'), { signal });
    }
    // Before it takes the focus, or the focus would seem to have left the menu that it belongs to.
    if (parent !== undefined) parent.#child = this;
    // Outside of a modal dialog everything is inert; otherwise the menu belongs to the landmark of its button.
    const host = options.anchor instanceof Element ? options.anchor.closest('dialog, header, main') : null;
    (host ?? document.querySelector('main') ?? document.body).append(this.element);
    placeMenu(this.element, this.#options.anchor, this.#options.place);
    if (options.focus === 'last') this.#focusAt(this.#items.length - 1);
    else if (options.focus === 'menu') this.element.focus({ preventScroll: true });
    else this.#focusAt(0);
  }

  /** Shows other entries in the open menu, for a list that was still being fetched. */
  update(entries: MenuEntry[]): void {
    if (this.#closed) return;
    const at = this.#items.findIndex((item) => item.element === document.activeElement);
    this.#child?.close('leave');
    this.#items.length = 0;
    this.element.replaceChildren(...entries.map((entry) => this.#build(entry)));
    placeMenu(this.element, this.#options.anchor, this.#options.place);
    if (at !== -1) this.#focusAt(Math.min(at, this.#items.length - 1));
  }

  close(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#hover);
    this.#child?.close('leave');
    this.#abort.abort();
    const hadFocus = this.element.contains(document.activeElement);
    this.element.remove();
    if (reason !== 'leave' || hadFocus) {
      if (this.#back instanceof HTMLElement && this.#back.isConnected)
        this.#back.focus({ preventScroll: true });
    }
    this.#options.onClose?.(reason);
  }

  #build(entry: MenuEntry): HTMLElement {
    if (entry === 'separator') {
      const line = document.createElement('div');
      line.className = 'menu-separator';
      line.setAttribute('role', 'separator');
      return line;
    }
    if ('heading' in entry) {
      const heading = document.createElement('div');
      heading.className = 'menu-heading';
      heading.setAttribute('role', 'presentation');
      heading.textContent = entry.heading;
      return heading;
    }
    const { commands } = this.#options;
    const command = 'command' in entry ? commands?.get(entry.command) : undefined;
    const item: HTMLElement = document.createElement('href' in entry ? 'a' : 'div');
    item.className = 'menu-item';
    item.tabIndex = -1;
    const label = document.createElement('span');
    label.className = 'menu-label';
    label.textContent = entry.label ?? command?.label ?? ('command' in entry ? entry.command : '');
    if ('icon' in entry && entry.icon !== undefined) item.append(iconElement(entry.icon, 'leading'));
    if ('image' in entry && entry.image !== undefined) {
      const picture = document.createElement('img');
      picture.className = 'menu-image leading';
      picture.alt = '';
      picture.src = entry.image;
      item.append(picture);
    }
    item.append(label);
    if (item instanceof HTMLAnchorElement && 'href' in entry) {
      item.href = entry.href;
      if (entry.target !== undefined) item.target = entry.target;
      if (entry.target === '_blank') item.rel = 'noopener';
    }
    const title = 'title' in entry ? entry.title : command?.title;
    if (title !== undefined) item.title = title;

    const checked = command?.checked?.() ?? ('checked' in entry ? entry.checked : undefined);
    item.setAttribute('role', checked === undefined ? 'menuitem' : 'menuitemcheckbox');
    if (checked !== undefined) item.setAttribute('aria-checked', String(checked));
    if (checked === true) item.prepend(iconElement('check'));
    const enabled =
      'command' in entry
        ? (commands?.isEnabled(entry.command) ?? false)
        : !('disabled' in entry && entry.disabled === true);
    if (!enabled) item.setAttribute('aria-disabled', 'true');

    const keys = 'command' in entry ? commands?.keysOf(entry.command, this.#options.mode) : undefined;
    if (keys !== undefined) {
      const cap = document.createElement('kbd');
      cap.className = 'keys';
      cap.textContent = keyLabel(keys);
      item.append(cap);
    }
    const slot: Item = {
      element: item,
      choose: () => {
        if (!enabled) return;
        if ('submenu' in entry) return this.#openChild(slot, 'first');
        this.#root().close('choose');
        if ('command' in entry) void commands?.run(entry.command, entry.argument);
        else if ('run' in entry) entry.run();
      },
    };
    if ('submenu' in entry) {
      const { submenu } = entry;
      slot.submenu = typeof submenu === 'function' ? submenu : () => submenu;
      item.setAttribute('aria-haspopup', 'menu');
      item.setAttribute('aria-expanded', 'false');
      item.append(iconElement('caret-right'));
    }
    this.#items.push(slot);
    item.addEventListener('click', (event) => {
      // a link is followed by the browser, with all that Ctrl and the middle button mean
      if (!('href' in entry)) event.preventDefault();
      slot.choose();
    });
    item.addEventListener('pointerenter', (event: PointerEvent) => {
      if (event.pointerType !== 'mouse') return;
      item.focus({ preventScroll: true });
      clearTimeout(this.#hover);
      this.#hover = setTimeout(() => {
        if (slot.submenu !== undefined && enabled) this.#openChild(slot, 'menu');
        else this.#child?.close('leave');
      }, 150);
    });
    return item;
  }

  #openChild(slot: Item, focus: 'first' | 'menu'): void {
    if (slot.submenu === undefined) return;
    if (this.#child?.element.dataset['of'] === slot.element.textContent) {
      if (focus === 'first') this.#child.#focusAt(0);
      return;
    }
    this.#child?.close('leave');
    slot.element.focus({ preventScroll: true });
    slot.element.setAttribute('aria-expanded', 'true');
    const child = new PopupMenu(
      {
        ...this.#options,
        entries: slot.submenu(),
        label: slot.element.textContent,
        anchor: slot.element,
        place: 'beside',
        focus,
        onClose: () => {
          slot.element.setAttribute('aria-expanded', 'false');
          if (this.#child?.element.isConnected === false) this.#child = undefined;
        },
      },
      this,
    );
    child.element.dataset['of'] = slot.element.textContent;
    if (focus === 'menu') slot.element.focus({ preventScroll: true });
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.#items.findIndex((item) => item.element === document.activeElement);
    const current = this.#items[at];
    const steps: Record<string, () => void> = {
      ArrowDown: () => this.#focusAt(at + 1),
      ArrowUp: () => this.#focusAt(at < 0 ? this.#items.length - 1 : at - 1),
      Home: () => this.#focusAt(0),
      End: () => this.#focusAt(this.#items.length - 1),
      Enter: () =>
        current?.element instanceof HTMLAnchorElement ? current.element.click() : current?.choose(),
      ' ': () =>
        current?.element instanceof HTMLAnchorElement ? current.element.click() : current?.choose(),
      Escape: () => this.close('escape'),
      ArrowRight: () => {
        if (current?.submenu !== undefined) current.choose();
        else this.#options.onSideways?.('right');
      },
      ArrowLeft: () => {
        if (this.#parent !== undefined) this.close('escape');
        else this.#options.onSideways?.('left');
      },
      Tab: () => this.#root().close('escape'),
    };
    const step = steps[event.key];
    if (step !== undefined) step();
    else if (event.key.length === 1) this.#typeAhead(event.key);
    else return;
    event.stopPropagation();
    // Tab goes on from where the menu was opened
    if (event.key !== 'Tab') event.preventDefault();
  }

  #typeAhead(character: string): void {
    const now = performance.now();
    this.#typed = (now - this.#typedAt < 700 ? this.#typed : '') + character.toLowerCase();
    this.#typedAt = now;
    const at = this.#items.findIndex((item) => item.element === document.activeElement);
    const from = this.#typed.length === 1 ? at + 1 : Math.max(at, 0);
    const rotated = [...this.#items.slice(from), ...this.#items.slice(0, from)];
    rotated
      .find((item) =>
        item.element.querySelector('.menu-label')?.textContent?.toLowerCase().startsWith(this.#typed),
      )
      ?.element.focus();
  }

  #focusAt(index: number): void {
    const count = this.#items.length;
    if (count === 0) return this.element.focus({ preventScroll: true });
    this.#items[(index + count) % count]?.element.focus();
  }

  #root(): PopupMenu {
    return this.#parent === undefined ? this : this.#parent.#root();
  }

  #contains(target: EventTarget | null): boolean {
    if (!(target instanceof Node)) return false;
    const { anchor } = this.#options;
    return (
      this.element.contains(target) ||
      (this.#parent === undefined && anchor instanceof Element && anchor.contains(target)) ||
      (this.#child !== undefined && this.#child.#contains(target))
    );
  }
}
