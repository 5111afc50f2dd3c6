/** Unit tests run from the sources: what those need that is compiled is made first, when it is out of date. */
import { compileNotebookSchemas } from '../scripts/notebook-schemas.mjs';

export default async function setup(): Promise<void> {
  await compileNotebookSchemas();
}
