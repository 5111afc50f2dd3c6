/**
 * Loads the editor's chunks once. The editor comes right behind the first cells, so that it is there when somebody clicks; undo,
 * colours and completion when the page is idle, so that they are not what the first key waits for.
 */
import { idle } from '../../base/page-moments.js';

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

/** The same without being in the way of what somebody types just now. */
export async function loadWritingWhenIdle(): Promise<WritingModule> {
  if (writing === undefined) await idle(1000);
  return loadWriting();
}
