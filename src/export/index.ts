/** Notebooks as other documents: HTML, markdown, scripts, and what Jupyter's nbconvert makes where it is installed. */
export { exportRouter, type ExportRouterParts, type NotebookSource } from './router.js';
export { JupyterNbconvert, type NbconvertOptions } from './jupyter-nbconvert.js';
