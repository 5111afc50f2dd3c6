/** What the notebook page and a frame with an output say to each other, over a MessageChannel of their own. */

/** From the page. Everything in it comes from a notebook that the person trusts. */
export type ToFrame =
  | {
      type: 'render';
      /** HTML, or JavaScript that may use `element` */
      kind: 'html' | 'javascript';
      source: string;
      /** earlier outputs that set something up: HTML with scripts, or JavaScript, in order */
      prelude: { kind: 'html' | 'javascript'; source: string }[];
      theme: 'light' | 'dark';
    }
  | { type: 'theme'; theme: 'light' | 'dark' };

/** From the frame, whose scripts may send anything: see `parseFrameMessage`. */
export type FromFrame =
  | { type: 'size'; height: number }
  | { type: 'error'; message: string }
  /** Escape was pressed: the keyboard goes back to the notebook */
  | { type: 'escape' };

/** Pixels: what no output needs, and a hostile one may ask for. */
const TALLEST = 20_000;

/** undefined: not one of ours. */
export function parseFrameMessage(value: unknown): FromFrame | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, height, message } = value as Record<string, unknown>;
  if (type === 'size' && typeof height === 'number' && Number.isFinite(height)) {
    return { type, height: Math.min(TALLEST, Math.max(0, Math.ceil(height))) };
  }
  if (type === 'error' && typeof message === 'string') return { type, message: message.slice(0, 2000) };
  return type === 'escape' ? { type } : undefined;
}
