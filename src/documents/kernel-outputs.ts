/** What a kernel's messages on iopub say (Jupyter messaging 5.4), as outputs of a notebook. */
import type { JsonObject, MimeBundle, Output } from '../notebook/types.js';
import {
  displayContent,
  errorContent,
  executeResultContent,
  type DisplayContent,
} from '../protocol/kernel-messages.js';

/** @returns undefined for what is no whole output: streams, clears, updates, messages of another shape */
export function outputOf(type: string, content: unknown): Output | undefined {
  switch (type) {
    case 'display_data': {
      const display = displayContent(content);
      return display && { output_type: 'display_data', ...bundleOf(display) };
    }
    case 'execute_result': {
      const result = executeResultContent(content);
      return (
        result && {
          output_type: 'execute_result',
          execution_count: result.execution_count,
          ...bundleOf(result),
        }
      );
    }
    case 'error': {
      const error = errorContent(content);
      return error && { output_type: 'error', ...error };
    }
    default:
      return undefined;
  }
}

/** What a kernel sends is JSON. */
export function bundleOf(display: DisplayContent): {
  data: MimeBundle;
  metadata: JsonObject;
  transient?: { display_id?: string };
} {
  return {
    data: display.data as MimeBundle,
    metadata: display.metadata as JsonObject,
    ...(display.transient === undefined ? {} : { transient: display.transient }),
  };
}
