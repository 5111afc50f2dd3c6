/** The screen: xterm.js with our look, links and renderer. */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { terminalTheme } from './colours.js';
import { loadPreferences, storePreferences, type Preferences } from './preferences.js';

/** Lines; about as much as the server keeps for a page that comes back. */
const SCROLLBACK = 10_000;

export class Screen {
  readonly terminal: Terminal;
  readonly #element: HTMLElement;
  readonly #fit = new FitAddon();
  #preferences = loadPreferences();

  constructor(element: HTMLElement) {
    this.#element = element;
    this.terminal = new Terminal({
      scrollback: SCROLLBACK,
      allowProposedApi: true, // the marks of the search
      cursorBlink: false,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--mono'),
      minimumContrastRatio: 4.5,
      linkHandler: { activate: (_event, address) => openLink(address) },
      macOptionIsMeta: true,
    });
    this.terminal.loadAddon(this.#fit);
    this.terminal.open(element);
    this.terminal.textarea?.setAttribute('aria-describedby', 'terminal-help');
    this.#apply();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#apply());
    void this.#findLinks();
    void this.#drawFast();
  }

  get preferences(): Readonly<Preferences> {
    return this.#preferences;
  }

  /** Changes how it looks, here and in later terminals of this browser. */
  prefer(change: Partial<Preferences>): void {
    this.#preferences = { ...this.#preferences, ...change };
    storePreferences(this.#preferences);
    this.#apply();
  }

  #apply(): void {
    const { fontSize, screenReader, colours } = this.#preferences;
    const theme = terminalTheme(colours);
    const { options } = this.terminal;
    options.fontSize = fontSize;
    options.screenReaderMode = screenReader;
    options.theme = theme;
    this.#element.style.setProperty('--terminal-bg', theme.background ?? '#000000');
    this.fit();
  }

  /** Fills the space that there is. */
  fit(): void {
    this.#fit.fit();
  }

  /** Addresses in what is printed; those that programs mark as links (OSC 8) go by `linkHandler`. */
  async #findLinks(): Promise<void> {
    try {
      const { WebLinksAddon } = await import('@xterm/addon-web-links');
      this.terminal.loadAddon(new WebLinksAddon((_event, address) => openLink(address)));
    } catch {
      // addresses stay text
    }
  }

  /** The graphics card draws floods several times faster; where there is none, the library's own drawing is quicker. */
  async #drawFast(): Promise<void> {
    if (!hasGraphicsCard()) return;
    try {
      const { WebglAddon } = await import('@xterm/addon-webgl');
      const addon = new WebglAddon();
      addon.onContextLoss(() => addon.dispose());
      this.terminal.loadAddon(addon);
    } catch {
      // the library goes on drawing by itself
    }
  }
}

function hasGraphicsCard(): boolean {
  const probe = document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  const facts = probe?.getExtension('WEBGL_debug_renderer_info');
  if (probe == null || facts == null) return false;
  const renderer = String(probe.getParameter(facts.UNMASKED_RENDERER_WEBGL));
  probe.getExtension('WEBGL_lose_context')?.loseContext();
  // Browsers draw WebGL with the processor when they must, whatever was asked for.
  return !/swiftshader|llvmpipe|software|basic render/i.test(renderer);
}

/** A program may print any address: only what a page may open safely is opened. */
function openLink(address: string): void {
  if (/^https?:\/\//i.test(address)) window.open(address, '_blank', 'noopener,noreferrer');
}
