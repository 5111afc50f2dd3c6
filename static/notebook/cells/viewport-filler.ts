/**
 * Makes cells rich when they come within two screens of the view, a few milliseconds per frame, the nearest first, so
 * that scrolling through a long notebook never waits for a slow cell.
 */

interface Fillable {
  readonly element: HTMLElement;
  readonly isFilled: boolean;
  fill(): void;
}

/** Milliseconds of one frame that filling may take */
const SLICE = 6;

export class ViewportFiller {
  readonly #views = new Map<Element, Fillable>();
  readonly #near = new Set<Fillable>();
  readonly #observer: IntersectionObserver;
  #frame = 0;

  constructor(scroller: HTMLElement) {
    this.#observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          const view = this.#views.get(entry.target);
          if (view === undefined || view.isFilled) continue;
          if (entry.isIntersecting) this.#near.add(view);
          else this.#near.delete(view);
        }
        this.#schedule();
      },
      { root: scroller, rootMargin: '200% 0px' },
    );
  }

  add(view: Fillable): void {
    if (view.isFilled) return;
    this.#views.set(view.element, view);
    this.#observer.observe(view.element);
  }

  remove(view: Fillable): void {
    this.#views.delete(view.element);
    this.#near.delete(view);
    this.#observer.unobserve(view.element);
  }

  /** Fills a cell at once: before it is scrolled to, or when it runs. */
  fillNow(view: Fillable): void {
    view.fill();
    this.remove(view);
  }

  close(): void {
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  #schedule(): void {
    if (this.#near.size === 0 || this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const end = performance.now() + SLICE;
      for (const view of this.#nearestFirst()) {
        this.fillNow(view);
        if (performance.now() >= end) break;
      }
      this.#schedule();
    });
  }

  /** Positions are read once per frame, before anything is written. */
  #nearestFirst(): Fillable[] {
    const middle = innerHeight / 2;
    return [...this.#near]
      .map((view) => ({ view, distance: Math.abs(view.element.getBoundingClientRect().top - middle) }))
      .sort((a, b) => a.distance - b.distance)
      .map(({ view }) => view);
  }
}
