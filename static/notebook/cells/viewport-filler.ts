/**
 * Makes cells rich when they come within two screens of the view, a few milliseconds per frame, the nearest first, so
 * that scrolling through a long notebook never waits for a slow cell.
 *
 * Whole groups of cells are watched and measured: asking a cell in a skipped group (`content-visibility`) for its place
 * would lay the group out.
 */

export interface Fillable {
  readonly element: HTMLElement;
  readonly isFilled: boolean;
  fill(): void;
}

/** Milliseconds of one frame that filling may take */
const SLICE = 6;

export class ViewportFiller {
  readonly #viewOf: (element: Element) => Fillable | undefined;
  readonly #near = new Set<Element>();
  readonly #observer: IntersectionObserver;
  #frame = 0;

  /** @param viewOf  the view of a cell's element */
  constructor(scroller: HTMLElement, viewOf: (element: Element) => Fillable | undefined) {
    this.#viewOf = viewOf;
    this.#observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (isIntersecting) this.#near.add(target);
          else this.#near.delete(target);
        }
        this.schedule();
      },
      { root: scroller, rootMargin: '200% 0px' },
    );
  }

  watch(group: Element): void {
    this.#observer.observe(group);
  }

  forget(group: Element): void {
    this.#observer.unobserve(group);
    this.#near.delete(group);
  }

  close(): void {
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  /** Looks in the next frames for cells near the screen that are not rich yet. */
  schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#fillSlice());
  }

  #fillSlice(): void {
    this.#frame = 0;
    const end = performance.now() + SLICE;
    for (const group of this.#nearestFirst()) {
      for (const element of group.children) {
        const view = this.#viewOf(element);
        if (view === undefined || view.isFilled) continue;
        view.fill();
        if (performance.now() < end) continue;
        this.schedule();
        return;
      }
    }
  }

  #nearestFirst(): Element[] {
    const middle = innerHeight / 2;
    const distance = ({ top, bottom }: DOMRect) =>
      top > middle ? top - middle : Math.max(0, middle - bottom);
    return [...this.#near]
      .map((group) => ({ group, at: distance(group.getBoundingClientRect()) }))
      .sort((a, b) => a.at - b.at)
      .map(({ group }) => group);
  }
}
