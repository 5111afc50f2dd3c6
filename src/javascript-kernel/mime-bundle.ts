/** How a JavaScript value becomes a MIME bundle: the display hooks of the field, pictures in buffers, and Node's own text. */
import { inspect } from 'node:util';
import type { MimeBundle } from '../protocol/kernel-messages.js';

/** What Deno's and other JavaScript kernels look for: a method that returns a MIME bundle, or a promise of one. */
export const displayHook = Symbol.for('Jupyter.display');

/** Methods that return one representation each, in the order in which they are asked. */
const representations: [method: string, mimeType: string][] = [
  ['_repr_html_', 'text/html'],
  ['toHTML', 'text/html'],
  ['_repr_svg_', 'image/svg+xml'],
  ['_repr_png_', 'image/png'],
  ['_repr_jpeg_', 'image/jpeg'],
  ['_repr_markdown_', 'text/markdown'],
  ['_repr_latex_', 'text/latex'],
  ['_repr_json_', 'application/json'],
];

const pictures: [mimeType: string, magic: number[]][] = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/gif', [0x47, 0x49, 0x46, 0x38]],
];

/**
 * The bundle of a value, always with `text/plain`. It runs user code (getters, hooks) and may throw what that throws.
 *
 * @returns a promise only when the value's own hook returns one
 */
export function mimeBundle(value: unknown, colors: boolean): MimeBundle | Promise<MimeBundle> {
  const rich = richBundle(value);
  if (rich instanceof Promise) return rich.then((bundle) => complete(bundle, value, colors));
  return complete(rich, value, colors);
}

/** The text of a value as Node shows it on a terminal. */
export function plainText(value: unknown, colors: boolean): string {
  return inspect(value, { colors, depth: 4, maxArrayLength: 100, maxStringLength: 10_000, breakLength: 100 });
}

function complete(bundle: MimeBundle | undefined, value: unknown, colors: boolean): MimeBundle {
  if (!bundle) return { 'text/plain': plainText(value, colors) };
  const data: MimeBundle = {};
  for (const [type, part] of Object.entries(bundle)) if (part !== undefined) data[type] = transportable(part);
  data['text/plain'] ??= plainText(value, colors);
  return data;
}

function richBundle(value: unknown): MimeBundle | Promise<MimeBundle | undefined> | undefined {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined;
  const own = call(value, displayHook) ?? call(value, '_repr_mimebundle_');
  if (own instanceof Promise) return own.then((bundle: unknown) => (isBundle(bundle) ? bundle : undefined));
  if (isBundle(own)) return own;
  if (value instanceof Uint8Array) return pictureBundle(value);
  const bundle: MimeBundle = {};
  for (const [method, type] of representations) {
    const part = call(value, method);
    if (part !== undefined && part !== null) bundle[type] ??= part;
  }
  // A canvas, whoever made it.
  const url = call(value, 'toDataURL');
  const data = typeof url === 'string' && /^data:(image\/[a-z+]+);base64,(.*)$/s.exec(url);
  if (data) bundle[data[1] ?? ''] ??= data[2];
  return Object.keys(bundle).length > 0 ? bundle : undefined;
}

function pictureBundle(bytes: Uint8Array): MimeBundle | undefined {
  const found = pictures.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte));
  if (found) return { [found[0]]: bytes };
  const webp = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  return /^RIFF....WEBP$/s.test(webp) ? { 'image/webp': bytes } : undefined;
}

/** Bytes travel as base64 (Jupyter messaging 5.3, "display_data"). */
function transportable(part: unknown): unknown {
  return part instanceof Uint8Array
    ? Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('base64')
    : part;
}

function call(value: object, method: string | symbol): unknown {
  // A class is asked for what its instances can do, too: only a value's own answer counts.
  const found: unknown = Reflect.get(value, method);
  return typeof found === 'function' ? Reflect.apply(found, value, []) : undefined;
}

function isBundle(value: unknown): value is MimeBundle {
  return typeof value === 'object' && value !== null && Object.keys(value).some((key) => key.includes('/'));
}
