/** Loads the chunk that renders HTML and markdown, when the first of either comes near the screen. */

type RichModule = typeof import('./rich.js');

let loaded: RichModule | undefined;
let loading: Promise<RichModule> | undefined;

/** The module, if it is there already. */
export function richModule(): RichModule | undefined {
  return loaded;
}

export function loadRich(): Promise<RichModule> {
  loading ??= import('./rich.js').then(
    (module) => (loaded = module),
    (error: unknown) => {
      loading = undefined; // the network may come back
      throw error;
    },
  );
  return loading;
}
