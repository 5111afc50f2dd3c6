/**
 * What the contents API needs of notebooks that are open as live documents, so that there is one authority for them:
 * reading gives the live state, saving goes through the document, and renames and deletions are told.
 */
import type { NotebookFile } from '../notebook/index.js';
import type { JsonObject } from '../notebook/types.js';
import type { Entry } from './notebook-manager.js';

export interface OpenDocuments {
  find(path: string): OpenDocument | undefined;
  /** A file or directory moved: documents at or below `from` go on at their new path. */
  renamed(from: string, to: string): void | Promise<void>;
  /** A file or directory was deleted. */
  removed(path: string): void | Promise<void>;
}

export interface OpenDocument {
  /** The notebook as it is now, in the API's form (`notebookContent`), whether on disk or not. */
  content(): JsonObject;
  /** Brings what is not on disk yet there, but for what waits until a person saves; rejects when that fails. */
  flush(): Promise<void>;
  /** The notebook as it would be saved, when `flush` leaves something that is not on disk. */
  unsaved(): { file: NotebookFile; isTrusted: boolean } | undefined;
  /** Makes this the content of the document, and saves it. */
  save(content: JsonObject): Promise<Entry>;
  /** The file was replaced (a checkpoint was restored): take what is on disk now. */
  reload(): Promise<void>;
  /** Whether no outputs came from elsewhere since the state that a page has shown; the file is looked at first. */
  showed?(seen: { epoch: string; revision: number }): Promise<boolean>;
  /** The person trusts the outputs that it has now. */
  trusted?(): void;
}
