/** The kernel that a notebook names in its metadata (nbformat 4, `kernelspec` and `language_info`). */
import type { JsonObject } from '../notebook/types.js';
import type { LinkedKernel } from './kernel-link.js';

export interface NamedKernel {
  name?: string;
  displayName?: string;
  language?: string;
}

export function namedKernel(metadata: JsonObject): NamedKernel {
  const spec = metadata['kernelspec'];
  const info = metadata['language_info'];
  const named: NamedKernel = {};
  const name = textIn(spec, 'name');
  const displayName = textIn(spec, 'display_name');
  const language = textIn(spec, 'language') ?? textIn(info, 'name');
  if (name !== undefined) named.name = name;
  if (displayName !== undefined) named.displayName = displayName;
  if (language !== undefined) named.language = language;
  return named;
}

/**
 * The metadata with the kernel that the notebook now runs on: other programs choose a kernel and a highlighting by it.
 *
 * @returns undefined when it says so already
 */
export function withKernel(metadata: JsonObject, { spec, info }: LinkedKernel): JsonObject | undefined {
  const isNamed = namedKernel(metadata).name === spec.name;
  const needsInfo = info !== undefined && (!isNamed || metadata['language_info'] === undefined);
  if (isNamed && !needsInfo) return undefined;
  const kernelspec = { display_name: spec.displayName, language: spec.language, name: spec.name };
  return {
    ...metadata,
    ...(isNamed ? {} : { kernelspec }),
    // What a kernel sends is JSON.
    ...(needsInfo ? { language_info: info.language_info as JsonObject } : {}),
  };
}

function textIn(object: unknown, name: string): string | undefined {
  if (typeof object !== 'object' || object === null) return undefined;
  const value = (object as Record<string, unknown>)[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
