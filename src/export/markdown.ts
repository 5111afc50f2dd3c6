/** A notebook as markdown: code in fences, text outputs indented, pictures as files beside it. */
import { zipName } from '../zip-name.js';
import { stripAnsi } from '../render/index.js';
import type { Cell, MimeBundle, Output } from '../notebook/types.js';
import { decodedName, type NotebookView } from './notebook-view.js';

export interface MarkdownExport {
  text: string;
  /** by name, relative to the text */
  resources: Map<string, Uint8Array>;
}

const PICTURES: readonly (readonly [mime: string, extension: string])[] = [
  ['image/svg+xml', 'svg'],
  ['image/png', 'png'],
  ['image/jpeg', 'jpg'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
];

export function toMarkdown({ cells, language, title }: NotebookView): MarkdownExport {
  const resources = new Map<string, Uint8Array>();
  const folder = `${zipName(title)}_files`; // as it is called in the archive: the text leads there
  const keep = (name: string, bytes: Uint8Array): string => {
    const path = `${folder}/${name}`;
    resources.set(path, bytes);
    return path.split('/').map(encodeURIComponent).join('/');
  };
  const parts = cells.map((cell, index) => {
    if (cell.cell_type === 'raw') return cell.source;
    if (cell.cell_type === 'markdown') return withAttachments(cell, index, keep);
    const outputs = (cell.outputs ?? []).map((output, i) => outputText(output, `${index}_${i}`, keep));
    return [fence(cell.source, language.name), ...outputs].filter(Boolean).join('\n\n');
  });
  return { text: `${parts.filter((part) => part !== '').join('\n\n')}\n`, resources };
}

type Keep = (name: string, bytes: Uint8Array) => string;

function withAttachments(cell: Cell, index: number, keep: Keep): string {
  return cell.source.replace(/\]\(attachment:([^)\s]+)\)/g, (whole, name: string) => {
    const bundle = cell.attachments?.[decodedName(name)];
    const picture = bundle && pictureOf(bundle);
    return picture
      ? `](${keep(`${index}_${safe(decodedName(name), picture.extension)}`, picture.bytes)})`
      : whole;
  });
}

function outputText(output: Output, place: string, keep: Keep): string {
  switch (output.output_type) {
    case 'stream':
      return indented(stripAnsi(output.text));
    case 'error':
      return indented(stripAnsi(output.traceback.join('\n')));
    case 'reference': // pages have these, files do not
      return '';
    default:
      return bundleText(output.data, place, keep);
  }
}

function bundleText(data: MimeBundle, place: string, keep: Keep): string {
  const picture = pictureOf(data);
  if (picture !== undefined) return `![](${keep(`${place}.${picture.extension}`, picture.bytes)})`;
  for (const mime of ['text/markdown', 'text/html', 'text/latex']) {
    const text = data[mime];
    if (typeof text === 'string') return text.trim();
  }
  const plain = data['text/plain'];
  return typeof plain === 'string' ? indented(stripAnsi(plain)) : '';
}

function pictureOf(data: MimeBundle): { bytes: Uint8Array; extension: string } | undefined {
  for (const [mime, extension] of PICTURES) {
    const value = data[mime];
    if (typeof value !== 'string') continue;
    const isText = mime === 'image/svg+xml' && value.trimStart().startsWith('<');
    return { bytes: Buffer.from(value, isText ? 'utf8' : 'base64'), extension };
  }
  return undefined;
}

/** Longer than any row of backticks inside. */
function fence(source: string, language: string): string {
  const longest = Math.max(2, ...[...source.matchAll(/`+/g)].map(([row]) => row.length));
  const mark = '`'.repeat(longest + 1);
  return `${mark}${language}\n${source}\n${mark}`;
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`.trimEnd())
    .join('\n');
}

/** One name in the folder of pictures, whatever an attachment is called. */
function safe(name: string, extension: string): string {
  const stem = name.replace(/\.[^.]*$/, '').replace(/[^\p{L}\p{N}_-]+/gu, '-');
  return `${stem.slice(0, 60) || 'picture'}.${extension}`;
}
