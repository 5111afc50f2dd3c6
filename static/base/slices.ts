/** Long work in pieces, so that the page answers in between. */

/** What one piece may take. ms */
const SLICE = 8;
/** Things that are done before the clock is looked at. */
const STEP = 50;

interface WithYield {
  scheduler?: { yield?(): Promise<void> };
}

/** Lets the browser draw and answer before what comes next. */
export function nextTask(): Promise<void> {
  const { scheduler } = globalThis as WithYield;
  return scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
}

/** As `list.map(make)`. @param step  how many are made before the clock is looked at: 1 where each takes long */
export async function mapInSlices<A, B>(list: readonly A[], make: (each: A) => B, step = STEP): Promise<B[]> {
  const made: B[] = [];
  let until = performance.now() + SLICE;
  for (const each of list) {
    made.push(make(each));
    if (made.length % step !== 0 || performance.now() < until) continue;
    await nextTask();
    until = performance.now() + SLICE;
  }
  return made;
}
