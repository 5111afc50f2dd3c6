/** The metadata of a cell or of the notebook as JSON, to be edited. */
import type { CellId, JsonObject } from '../../../src/notebook/types.js';
import { openDialog } from '../../base/dialog.js';
import type { ToolbarHost } from './cell-toolbar.js';

/** @param id  null: the metadata of the notebook */
export async function editMetadata(host: ToolbarHost, id: CellId | null): Promise<void> {
  const metadata = id === null ? host.view.metadata : host.view.cell(id)?.cell.metadata;
  if (metadata === undefined) return;
  const what = id === null ? 'notebook' : 'cell';
  const label = document.createElement('label');
  const area = document.createElement('textarea');
  area.className = 'field json-field';
  area.id = 'metadata-json';
  area.value = JSON.stringify(metadata, null, 2);
  area.rows = Math.min(24, Math.max(8, area.value.split('\n').length + 1));
  area.spellcheck = false;
  area.readOnly = !host.canEdit;
  label.htmlFor = area.id;
  label.textContent = `A JSON object. What nbserver or a kernel does not know stays as it is written here.`;
  await openDialog<boolean>({
    title: `Edit the metadata of the ${what}`,
    className: 'metadata-dialog',
    body: [label, area],
    buttons: [
      { label: 'Cancel', value: false, cancel: true },
      ...(host.canEdit ? [{ label: 'Apply', value: true, kind: 'primary' as const }] : []),
    ],
    check() {
      const next = parseObject(area.value);
      if (typeof next === 'string') return next;
      host.perform([{ op: 'set-metadata', id, metadata: next }]);
      return undefined;
    },
  });
}

/** The object, or what is wrong as a sentence. */
function parseObject(text: string): JsonObject | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `This is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'Metadata is a JSON object: { "name": value }.';
  }
  return value as JsonObject;
}
