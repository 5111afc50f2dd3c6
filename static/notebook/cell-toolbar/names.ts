/** The cell toolbars by the names that the classic notebook writes into the notebook's metadata (`celltoolbar`). */
import type { JsonObject } from '../../../src/notebook/types.js';

export const TOOLBAR_NAMES = [
  'Edit Metadata',
  'Raw Cell Format',
  'Slideshow',
  'Attachments',
  'Tags',
] as const;
export type ToolbarKind = (typeof TOOLBAR_NAMES)[number];

/** Which toolbar the notebook's metadata asks for. */
export function toolbarOf(metadata: JsonObject): ToolbarKind | undefined {
  return TOOLBAR_NAMES.find((kind) => kind === metadata['celltoolbar']);
}
