/**
 * An active output of a trusted notebook in a sandboxed frame (`/frame/output`): it gets its source by a port, says how
 * tall it is, and can reach nothing else. Loaded with the first such output.
 */
import { parseFrameMessage, type ToFrame, type ToKernel } from '../../output-frame/frame-messages.js';
import { urlFor } from '../../base/urls.js';
import type { KernelAccess } from '../kernel-line.js';
import type { ActivePart } from './active.js';
import { FrameKernel, type AskingFrame } from './frame-kernel.js';

const SANDBOX = 'allow-scripts allow-popups allow-downloads allow-forms allow-modals';
/** A frame costs megabytes: of more than these, the ones longest out of sight wait for a click. */
const MOST_ALIVE = 20;
const MOST_ERRORS = 5;
/** Milliseconds after which a frame is taken for drawn: browsers draw nothing in frames far from the screen. */
const DRAWN_AFTER = 3000;

/** the kernel's side of all frames, from the first that asks for it */
let kernel: FrameKernel | undefined;

/** oldest first */
const alive = new Set<FrameView>();
const dark = matchMedia('(prefers-color-scheme: dark)');
const everyone = () => {
  for (const view of alive) view.themeChanged();
};
dark.addEventListener('change', everyone);
new MutationObserver(everyone).observe(document.documentElement, { attributeFilter: ['data-theme'] });

export interface FrameOptions {
  part: ActivePart;
  prelude: ActivePart[];
  /** `cell 3` */
  cellName: string;
  /** of the notebook; undefined while none runs */
  /** absent where outputs belong to no notebook */
  kernel?: KernelAccess | undefined;
  /** Called when it shows something, or is not going to; may be called again. */
  arrived?: () => void;
}

export class FrameView implements AskingFrame {
  readonly element = document.createElement('div');
  readonly #options: FrameOptions;
  #frame: HTMLIFrameElement | undefined;
  #port: MessagePort | undefined;
  #height = 0;
  #errors = 0;

  constructor(options: FrameOptions) {
    this.#options = options;
    this.element.className = 'output-frame';
    this.#start();
  }

  get cellName(): string {
    return this.#options.cellName;
  }

  themeChanged(): void {
    this.send({ type: 'theme', theme: theme() });
  }

  dispose(): void {
    this.#stop();
    this.element.remove();
  }

  #start(): void {
    this.element.replaceChildren();
    const frame = document.createElement('iframe');
    frame.setAttribute('sandbox', SANDBOX);
    frame.title = `Interactive output of ${this.cellName}`;
    frame.src = urlFor('frame/output');
    frame.height = String(this.#height);
    this.#errors = 0;
    frame.addEventListener('load', () => this.#connect(frame));
    this.#frame = frame;
    this.element.append(frame);
    alive.add(this);
    for (const oldest of alive) {
      if (alive.size <= MOST_ALIVE) break;
      if (oldest !== this && !oldest.#isInView) oldest.#sleep();
    }
  }

  get #isInView(): boolean {
    const { top, bottom } = this.element.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }

  #connect(frame: HTMLIFrameElement): void {
    const { port1, port2 } = new MessageChannel();
    this.#port?.close();
    this.#port = port1;
    port1.onmessage = ({ data }: MessageEvent<unknown>) => this.#receive(data);
    // its origin is opaque: no other target can be named, and only this frame has the window
    frame.contentWindow?.postMessage('nbserver-output', '*', [port2]);
    const { part, prelude } = this.#options;
    this.send({ type: 'render', ...part, prelude, theme: theme() });
    setTimeout(() => this.#options.arrived?.(), DRAWN_AFTER);
  }

  #receive(data: unknown): void {
    const message = parseFrameMessage(data);
    if (message?.type === 'size' || message?.type === 'error') this.#options.arrived?.();
    if (message?.type === 'size' && this.#frame !== undefined) {
      this.#height = message.height;
      this.#frame.height = String(message.height);
    } else if (message?.type === 'escape') {
      this.element.closest<HTMLElement>('[data-cell-id]')?.focus();
    } else if (message?.type === 'error') {
      if (++this.#errors <= MOST_ERRORS) this.note(`A script of this output: ${message.message}`);
    } else if (message !== undefined && message.type !== 'size') {
      this.#ask(message);
    }
  }

  send(message: ToFrame): void {
    this.#port?.postMessage(message);
  }

  note(text: string): void {
    const note = document.createElement('p');
    note.className = 'output-note';
    note.textContent = text;
    this.element.append(note);
  }

  #ask(message: ToKernel): void {
    kernel ??= new FrameKernel(this.#options.kernel);
    void kernel.receive(this, message);
  }

  /** Takes the frame down and leaves a button of its size. */
  #sleep(): void {
    this.#stop();
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button output-asleep';
    button.style.minHeight = `${Math.max(32, this.#height)}px`;
    button.textContent = 'Show this interactive output again';
    button.addEventListener('click', () => this.#start());
    this.element.replaceChildren(button);
  }

  #stop(): void {
    alive.delete(this);
    this.#options.arrived?.();
    this.#port?.close();
    this.#port = undefined;
    this.#frame?.remove();
    this.#frame = undefined;
    kernel?.forget(this);
  }
}

function theme(): 'light' | 'dark' {
  const chosen = document.documentElement.dataset['theme'];
  if (chosen === 'dark' || chosen === 'light') return chosen;
  return dark.matches ? 'dark' : 'light';
}
