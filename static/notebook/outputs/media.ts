/** Sound and film: the browser's own player. */
import type { OutputData, Rendered } from './registry.js';

export function renderMedia({ value, mime, metadata, context }: OutputData): Rendered | undefined {
  const content = typeof value === 'string' ? bytes(value) : undefined;
  if (content === undefined) return undefined;
  const isSound = mime.startsWith('audio/');
  const element = document.createElement(isSound ? 'audio' : 'video');
  element.className = 'output-media';
  element.controls = true;
  element.preload = 'metadata';
  element.setAttribute('aria-label', `${isSound ? 'Sound' : 'Film'} of ${context.cellName}`);
  const { width, height } = metadata;
  if (element instanceof HTMLVideoElement) {
    if (typeof width === 'number') element.width = width;
    if (typeof height === 'number') element.height = height;
  }
  // an object URL, because players cannot seek in a data: address
  const address = URL.createObjectURL(new Blob([content], { type: mime }));
  element.src = address;
  return {
    element,
    dispose: () => {
      element.removeAttribute('src');
      URL.revokeObjectURL(address);
    },
  };
}

function bytes(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64.replace(/\s/g, '')), (each) => each.charCodeAt(0));
  } catch {
    return undefined; // not base64: the text of the output is shown instead
  }
}
