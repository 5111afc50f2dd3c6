/** Loads the editor's chunks once: when the page is idle, or at once when somebody wants to type. */

type EditorModule = typeof import('./editor.js');
type WritingModule = typeof import('../writing/writing.js');

let editor: EditorModule | undefined;
let editorLoading: Promise<EditorModule> | undefined;
let writing: WritingModule | undefined;
let writingLoading: Promise<WritingModule> | undefined;

/** The bare editor, if it is there already. */
export function editorModule(): EditorModule | undefined {
  return editor;
}

export function loadEditor(): Promise<EditorModule> {
  editorLoading ??= import('./editor.js').then(
    (module) => (editor = module),
    (error: unknown) => {
      editorLoading = undefined; // the network may come back
      throw error;
    },
  );
  return editorLoading;
}

/** Undo, colours, completion; if they are there already. */
export function writingModule(): WritingModule | undefined {
  return writing;
}

export function loadWriting(): Promise<WritingModule> {
  writingLoading ??= import('../writing/writing.js').then(
    (module) => (writing = module),
    (error: unknown) => {
      writingLoading = undefined;
      throw error;
    },
  );
  return writingLoading;
}

/** @param language  of the kernel, whose colours the first editor shall have at once */
export function loadEditorWhenIdle(language: () => string): void {
  // a click will try again, and report
  const load = () =>
    void loadEditor()
      .then(loadWriting)
      .then((module) => module.languageSupport(language()))
      .catch(() => undefined);
  if ('requestIdleCallback' in window) requestIdleCallback(load, { timeout: 3000 });
  else setTimeout(load, 200);
}
