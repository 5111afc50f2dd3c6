/** What pages and exports use of this folder; all of it is pure: strings in, strings out. */
export { ansiToHtml, stripAnsi, PLAIN, type AnsiHtml, type AnsiStyle } from './ansi.js';
export { classicTex } from './classic-tex.js';
export { equationLabels, type EquationLabels } from './equation-labels.js';
export { escapeHtml } from './escape-html.js';
export { highlightToHtml } from './highlight.js';
export { imageSize, type ImageSize } from './image-size.js';
export { linkify } from './linkify.js';
export { headingId } from './heading-id.js';
export { renderMarkdown, type MarkdownOptions } from './markdown.js';
export { splitFormulas, type Formula } from './markdown-math.js';
