/** Moments that the page's work waits for, so that what somebody sees or types comes first. */

/** ms that nothing waits longer for a frame: a page in the background paints none */
const LONGEST_FRAME = 300;

/** What there is now is on the screen. */
export function painted(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, LONGEST_FRAME);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve();
    requestAnimationFrame(() => port2.postMessage(null));
  });
}

/** The page has nothing else to do. @param timeout  ms, the longest that this may take */
export function idle(timeout: number): Promise<void> {
  return new Promise((resolve) => {
    if ('requestIdleCallback' in window) requestIdleCallback(() => resolve(), { timeout });
    else setTimeout(resolve, 300); // Safari
  });
}
