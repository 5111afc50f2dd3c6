/** The menu bar of a page and buttons that open a menu: the pattern "Menubar" of the ARIA Authoring Practices. */
import { effect } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { CommandRegistry } from './commands.js';
import { Icon } from './icons.js';
import { PopupMenu, type MenuEntry } from './popup-menu.js';

export type { MenuEntry } from './popup-menu.js';

export interface MenuBarMenu {
  label: string;
  entries: MenuEntry[] | (() => MenuEntry[]);
}

export interface MenuBarProps {
  /** name of the bar for screen readers */
  label: string;
  menus: MenuBarMenu[];
  commands: CommandRegistry;
  /** whose keys the entries show */
  mode?: string;
}

export function MenuBar({ label, menus, commands, mode }: MenuBarProps) {
  const bar = useRef<HTMLDivElement>(null);
  const popup = useRef<PopupMenu | undefined>(undefined);
  const [current, setCurrent] = useState(0); // the one that Tab reaches
  const [opened, setOpened] = useState<number>();

  const buttonAt = (index: number) => bar.current?.querySelectorAll<HTMLElement>('.menubar-item')[index];
  const focus = (index: number): number => {
    const at = (index + menus.length) % menus.length;
    setCurrent(at);
    buttonAt(at)?.focus();
    return at;
  };
  const open = (index: number, first: 'first' | 'last' | 'menu'): void => {
    const menu = menus[index];
    const button = buttonAt(index);
    if (menu === undefined || button === undefined) return;
    popup.current?.close('leave');
    // A mouse leaves focus where the work is (in the notebook), so that the menu gives it back there.
    if (first !== 'menu') button.focus();
    setCurrent(index);
    setOpened(index);
    const mine = new PopupMenu({
      entries: typeof menu.entries === 'function' ? menu.entries() : menu.entries,
      label: menu.label,
      anchor: button,
      commands,
      ...(mode === undefined ? {} : { mode }),
      focus: first,
      onClose: () => {
        if (popup.current !== mine) return;
        popup.current = undefined;
        setOpened(undefined);
      },
      onSideways: (direction) => {
        mine.close('escape');
        open(focus(index + (direction === 'left' ? -1 : 1)), 'first');
      },
    });
    popup.current = mine;
  };

  const onKey = (event: KeyboardEvent, index: number): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, () => void> = {
      ArrowRight: () => focus(index + 1),
      ArrowLeft: () => focus(index - 1),
      Home: () => focus(0),
      End: () => focus(menus.length - 1),
      ArrowDown: () => open(index, 'first'),
      ArrowUp: () => open(index, 'last'),
      Enter: () => open(index, 'first'),
      ' ': () => open(index, 'first'),
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    step();
  };

  return (
    <div class="menubar" role="menubar" aria-label={label} ref={bar}>
      {menus.map((menu, index) => (
        <button
          type="button"
          class="menubar-item"
          role="menuitem"
          aria-haspopup="menu"
          aria-expanded={opened === index}
          tabIndex={current === index ? 0 : -1}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => (opened === index ? popup.current?.close('escape') : open(index, 'menu'))}
          onPointerEnter={() => {
            if (opened !== undefined && opened !== index) open(index, 'menu');
          }}
          onKeyDown={(event) => onKey(event, index)}
        >
          {menu.label}
        </button>
      ))}
    </div>
  );
}

export interface MenuButtonProps {
  /** name of the menu, and of the button when its content is only an icon */
  label: string;
  entries: () => MenuEntry[];
  commands?: CommandRegistry;
  /** the menu's right edge meets the button's */
  right?: boolean;
  class?: string;
  title?: string;
  disabled?: boolean;
  children?: ComponentChildren;
}

/** A button with a caret that opens a menu. Signals that `entries` reads keep the open menu up to date. */
export function MenuButton(props: MenuButtonProps) {
  const button = useRef<HTMLButtonElement>(null);
  const popup = useRef<PopupMenu | undefined>(undefined);
  const [opened, setOpened] = useState(false);
  const open = (focus: 'first' | 'last'): void => {
    if (button.current === null) return;
    button.current.focus();
    setOpened(true);
    const mine = new PopupMenu({
      entries: props.entries(),
      label: props.label,
      anchor: button.current,
      place: props.right === true ? 'below-right' : 'below',
      ...(props.commands === undefined ? {} : { commands: props.commands }),
      focus,
      onClose: () => {
        stop();
        popup.current = undefined;
        setOpened(false);
      },
    });
    popup.current = mine;
    let first = true;
    const stop = effect(() => {
      const entries = props.entries();
      if (!first) mine.update(entries);
      first = false;
    });
  };
  return (
    <button
      type="button"
      ref={button}
      class={`button ${props.class ?? ''}`.trim()}
      aria-haspopup="menu"
      aria-expanded={opened}
      aria-label={props.children === undefined ? props.label : undefined}
      title={props.title}
      disabled={props.disabled}
      onClick={() => (popup.current === undefined ? open('first') : popup.current.close('escape'))}
      onKeyDown={(event) => {
        if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
        event.preventDefault();
        event.stopPropagation();
        open(event.key === 'ArrowDown' ? 'first' : 'last');
      }}
    >
      {props.children}
      <Icon name="caret-down" />
    </button>
  );
}
