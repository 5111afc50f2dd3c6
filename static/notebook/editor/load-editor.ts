/** Loads the editor's chunk once: when the page is idle, or at once when somebody wants to type. */

type EditorModule = typeof import('./editor.js');

let loaded: EditorModule | undefined;
let loading: Promise<EditorModule> | undefined;

/** The module, if it is there already. */
export function editorModule(): EditorModule | undefined {
  return loaded;
}

export function loadEditor(): Promise<EditorModule> {
  loading ??= import('./editor.js').then(
    (module) => (loaded = module),
    (error: unknown) => {
      loading = undefined; // the network may come back
      throw error;
    },
  );
  return loading;
}

export function loadEditorWhenIdle(): void {
  const load = () => void loadEditor().catch(() => undefined); // a click will try again, and report
  if ('requestIdleCallback' in window) requestIdleCallback(load, { timeout: 3000 });
  else setTimeout(load, 200);
}
